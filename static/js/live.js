// Parts of a page that are swapped in place when the server says they changed.
// What a person has opened, scrolled or focused in a part stays as it was.

const FOCUSABLE = "a[href], button, input, summary, [tabindex]";

export function stateOf(part) {
  const focusable = [...part.querySelectorAll(FOCUSABLE)];
  return {
    open: [...part.querySelectorAll("details[open][data-keep]")].map((details) => details.dataset.keep),
    scrolled: [...part.querySelectorAll(".scroll-x")].map((box) => box.scrollLeft),
    focus: focusable.indexOf(part.ownerDocument.activeElement),
  };
}

export function restore(part, state) {
  for (const details of part.querySelectorAll("details[data-keep]")) {
    details.open = state.open.includes(details.dataset.keep);
  }
  part.querySelectorAll(".scroll-x").forEach((box, i) => {
    box.scrollLeft = state.scrolled[i] ?? 0;
  });
  if (state.focus >= 0) part.querySelectorAll(FOCUSABLE)[state.focus]?.focus({ preventScroll: true });
}

// `swapped(part)` is called after each swap.
export function keepLive(poller, swapped) {
  const kept = new Map();
  poller.addEventListener("htmx:configRequest", (event) => {
    for (const part of document.querySelectorAll("[data-part]")) {
      event.detail.parameters[part.dataset.part] = part.dataset.digest;
    }
  });
  // The next look comes in two seconds: a failed one is no news.
  poller.addEventListener("htmx:sendError", (event) => event.stopPropagation());
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (part.dataset?.part) kept.set(part.dataset.part, stateOf(part));
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const [name, state] of kept) {
      const part = document.querySelector(`[data-part="${name}"]`);
      restore(part, state);
      swapped(part);
    }
    kept.clear();
  });
}
