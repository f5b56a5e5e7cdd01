// Names offered while one is written after an @. Arrows move, Enter or Tab takes, Escape closes.
import { gettext } from "./words.js";

const MOST = 8;
const PARTIAL = /(?:^|[^\w@])@([\w.+-]{0,60})$/;

// What stands between the @ and the cursor, or null where no name is being written.
export function partial(text, cursor) {
  return PARTIAL.exec(text.slice(0, cursor))?.[1] ?? null;
}

// The people whose name, or a word of it, begins so; names that begin so come first.
export function matching(people, begun) {
  const wanted = begun.toLowerCase();
  const rank = ({ name, words }) => {
    if (name.toLowerCase().startsWith(wanted)) return 0;
    return words.toLowerCase().split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return people.filter((one) => rank(one) < 2).sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
}

// The text and the cursor once the name is taken.
export function taken(text, cursor, begun, name) {
  const start = cursor - begun.length;
  const after = text.slice(cursor).replace(/^ /, "");
  return { text: `${text.slice(0, start)}${name} ${after}`, cursor: start + name.length + 1 };
}

function option(one, id, chosen) {
  const line = document.createElement("li");
  line.id = id;
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", String(chosen));
  line.dataset.name = one.name;
  const name = document.createElement("b");
  name.textContent = `@${one.name}`;
  line.append(name, one.words && one.words !== one.name ? ` ${one.words}` : "");
  const role = document.createElement("span");
  role.className = "tiny";
  role.textContent = { reviewer: gettext("reviewer"), admin: gettext("admin") }[one.role] ?? gettext("owner");
  line.append(role);
  return line;
}

// `people()` gives the people as {name, words, role}. Gives a function that looks again.
export function offerNames(field, people) {
  const list = document.getElementById(`${field.id}-names`);
  let found = [];
  let at = 0;

  const close = () => {
    found = [];
    list.hidden = true;
    field.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    list.replaceChildren(...found.map((one, i) => option(one, `${list.id}-${i}`, i === at)));
    list.hidden = false;
    field.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const look = () => {
    const begun = partial(field.value, field.selectionStart);
    found = begun === null ? [] : matching(people(), begun);
    at = 0;
    if (found.length) show();
    else close();
  };
  const take = (name) => {
    const done = taken(field.value, field.selectionStart, partial(field.value, field.selectionStart) ?? "", name);
    field.value = done.text;
    field.setSelectionRange(done.cursor, done.cursor);
    field.dispatchEvent(new Event("input")); // as typed
    close();
    field.focus();
  };
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-haspopup", "listbox");
  field.addEventListener("input", (event) => event.isComposing || look());
  field.addEventListener("blur", () => setTimeout(close, 150));
  field.addEventListener("keydown", (event) => {
    if (!found.length || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + found.length) % found.length;
    else if (event.key === "Enter" || event.key === "Tab") take(found[at].name);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) show();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const line = event.target.closest("[data-name]");
    if (line) take(line.dataset.name);
  });
  return look; // for when the people come later than the @
}
