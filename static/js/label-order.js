// The order of labels in the settings: dragged, stepped, or numbered. Without it the numbers do.
import { fold } from "./label-search.js";
import { fill, gettext, ngettext } from "./words.js";

// The rows with the one at `from` taken to `to`; what lies outside means the nearer end.
export function moved(rows, from, to) {
  const next = [...rows];
  const [row] = next.splice(from, 1);
  next.splice(Math.max(0, Math.min(to, next.length)), 0, row);
  return next;
}

// Which place a pointer at height `y` means among rows whose middles lie at these heights.
export function placeAt(middles, y) {
  const below = middles.findIndex((middle) => y < middle);
  return below < 0 ? middles.length : below;
}

export function fits(name, typed) {
  return fold(name).includes(fold(typed));
}

const rowsOf = (list) => [...list.querySelectorAll("[data-label-row]")];

function number(list) {
  rowsOf(list).forEach((row, at) => {
    row.querySelector("[data-position]").value = at + 1;
  });
}

function say(list, row) {
  const rows = rowsOf(list);
  const told = { name: row.dataset.name, place: rows.indexOf(row) + 1, all: rows.length };
  list.parentElement.querySelector("[data-label-said]").textContent = fill(gettext("%(name)s: place %(place)s of %(all)s"), told);
}

function move(list, row, to) {
  const rows = rowsOf(list);
  const next = moved(rows, rows.indexOf(row), to);
  const after = next[next.indexOf(row) + 1];
  if (after) after.before(row);
  else next.at(-2)?.after(row);
  number(list);
  say(list, row);
}

// Labels that the filter hides are stepped over: one press always moves what one sees.
function step(list, row, by) {
  const seen = rowsOf(list).filter((each) => !each.hidden);
  const other = seen[seen.indexOf(row) + by];
  if (other) move(list, row, rowsOf(list).indexOf(other));
}

// The others pass by the row that is held: it stays where it is, or the pointer would let go of it.
function pass(row, others, place) {
  const follows = (other) => row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
  for (const other of others.slice(0, place)) if (follows(other)) row.before(other);
  for (const other of others.slice(place).reverse()) if (!follows(other)) row.after(other);
}

function drag(list, grip, event) {
  const row = grip.closest("[data-label-row]");
  event.preventDefault();
  grip.setPointerCapture(event.pointerId);
  row.classList.add("lifted");
  const follow = ({ clientY }) => {
    const others = rowsOf(list).filter((each) => each !== row && !each.hidden);
    const boxes = others.map((each) => each.getBoundingClientRect());
    pass(row, others, placeAt(boxes.map((box) => box.top + box.height / 2), clientY));
    if (clientY < 60) scrollBy(0, -12);
    if (clientY > innerHeight - 60) scrollBy(0, 12);
  };
  const drop = () => {
    row.classList.remove("lifted");
    grip.removeEventListener("pointermove", follow);
    number(list);
    say(list, row);
  };
  grip.addEventListener("pointermove", follow);
  grip.addEventListener("lostpointercapture", drop, { once: true });
}

function filter(list, field) {
  let found = 0;
  for (const row of rowsOf(list)) {
    row.hidden = !fits(row.dataset.name, field.value);
    found += !row.hidden;
  }
  const told = fill(ngettext("%(n)s label", "%(n)s labels", found), { n: found });
  document.querySelector("[data-label-found]").textContent = field.value ? told : "";
}

export function arrange(list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    step(list, button.closest("[data-label-row]"), Number(button.dataset.step));
    button.focus();
  });
  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (grip && event.button === 0) drag(list, grip, event);
  });
  list.addEventListener("change", (event) => {
    if (!event.target.matches("[data-position]")) return;
    const row = event.target.closest("[data-label-row]");
    move(list, row, (Number(event.target.value) || 1) - 1);
    event.target.focus();
  });
  const field = document.querySelector("[data-label-filter]");
  field?.addEventListener("input", () => filter(list, field));
  field?.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would save the settings
  });
}

for (const list of globalThis.document?.querySelectorAll("[data-label-order]") ?? []) arrange(list);
