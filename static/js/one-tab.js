// One tab at a time: two would ask the same person for the same images.

// `take()` calls sitDown when no other tab has the place, else standUp; `take({steal: true})`
// takes it from the other tab, whose standUp is called then.
export function oneTab(name, { sitDown, standUp }, locks = globalThis.navigator?.locks) {
  const held = async (lock) => {
    if (!lock) return standUp();
    await sitDown();
    return new Promise(() => {}); // as long as the page lives
  };
  const take = async (options = { ifAvailable: true }) => {
    if (!locks) return sitDown(); // plain http in a local network has no locks
    locks.request(name, options, held).catch(standUp); // fails when another tab takes it
  };
  return { take };
}
