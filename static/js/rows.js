// Arrow keys walk along the rows of a list by moving the focus from link to link.

const STEP = { ArrowDown: 1, ArrowUp: -1 };

// Which of `count` rows is next; -1 is no row, and walking stops at both ends.
export function nextRow(now, count, step) {
  if (now < 0) return step > 0 ? 0 : count - 1;
  return Math.min(count - 1, Math.max(0, now + step));
}

export function walk(list) {
  document.addEventListener("keydown", (event) => {
    const step = STEP[event.key];
    if (!step || event.target.closest("input, textarea, select, dialog, details") || event.altKey) return;
    const links = [...list.querySelectorAll("h2 a")];
    if (!links.length) return;
    const row = links.findIndex((link) => link.closest("li").contains(document.activeElement));
    event.preventDefault();
    const link = links[nextRow(row, links.length, step)];
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  });
}

for (const list of globalThis.document?.querySelectorAll("[data-rows]") ?? []) walk(list);
