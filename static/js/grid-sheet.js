// Hands on the sheet: press, Shift and press, a range by Shift and arrows, hold or double press.

const HOLD_MS = 500;
const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

const tileAt = (event) => event.target.closest?.("[data-item]") ?? null;

// Where an arrow leads from `place` on a sheet of so many columns.
export function placeAfter(key, place, columns, length) {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  const next = place + by;
  return next < 0 || next >= length ? place : next;
}

// act: {press(item), spread(item), open(item), extend(key), flip()}.
export function listenToSheet(sheet, act) {
  let held = 0;
  let opened = false; // a long press has opened the picture; the click behind it means nothing
  const letGo = () => clearTimeout(held);

  sheet.addEventListener("click", (event) => {
    const tile = tileAt(event);
    if (event.detail > 0) sheet.blur(); // a pressed sheet does not keep the focus
    if (!tile || opened) return void (opened = false);
    if (event.shiftKey) act.spread(Number(tile.dataset.item));
    else act.press(Number(tile.dataset.item));
  });
  sheet.addEventListener("dblclick", (event) => {
    const tile = tileAt(event);
    if (tile && !event.shiftKey) act.open(Number(tile.dataset.item));
  });
  sheet.addEventListener("pointerdown", (event) => {
    const tile = tileAt(event);
    opened = false;
    if (event.shiftKey) event.preventDefault(); // no text is selected
    if (!tile || event.pointerType === "mouse") return;
    held = setTimeout(() => {
      opened = true;
      act.open(Number(tile.dataset.item));
    }, HOLD_MS);
  });
  for (const end of ["pointerup", "pointercancel", "pointermove"]) {
    sheet.addEventListener(end, (event) => {
      if (end !== "pointermove" || Math.abs(event.movementX) + Math.abs(event.movementY) > 6) letGo();
    });
  }
  sheet.addEventListener("contextmenu", (event) => {
    if (event.pointerType === "touch" || opened) event.preventDefault();
  });
  // Shift and an arrow, which the one listener for keys does not tell from the arrow alone. Space
  // works on the sheet only while it has the focus.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const mine = event.shiftKey && ARROWS.has(event.key) && !event.target.closest("input, textarea, select");
    const space = event.key === " " && event.target === sheet;
    if (!mine && !space) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (mine) act.extend(event.key);
    else if (!event.repeat) act.flip();
  }, true);
}
