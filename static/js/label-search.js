// Find a label by typing part of its name: `/` opens the field, arrows choose, Enter answers.
// The field is a combobox; what it offers is read from the answers that stand on the page.
import { fill, gettext, ngettext } from "./words.js";

const MOST = 8; // labels offered at once
const LONGEST = 40; // characters of a label's name

// Names are compared without case, width, accents, and with katakana as hiragana.
export function fold(text) {
  const plain = text.normalize("NFKC").toLocaleLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC");
  const kana = plain.replace(/[\u30a1-\u30f6]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0x60));
  return kana.replace(/\s+/g, " ").trim();
}

// How well a name fits: 0 the same, 1 it starts so, 2 a word of it does, 3 it holds it; -1 not at all.
export function fit(name, typed) {
  const [whole, wanted] = [fold(name), fold(typed)];
  if (whole === wanted) return 0;
  if (whole.startsWith(wanted)) return 1;
  if (whole.split(/[\s_/-]+/).some((word) => word.startsWith(wanted))) return 2;
  return whole.includes(wanted) ? 3 : -1;
}

// The labels that fit, best first; among equals the order they came in.
export function matches(labels, typed, most = MOST) {
  if (!fold(typed)) return [];
  const fitting = labels.map((label) => ({ label, how: fit(label.name, typed) })).filter(({ how }) => how >= 0);
  return fitting.sort((a, b) => a.how - b.how).map(({ label }) => label).slice(0, most);
}

// The name that could be added, or "": not where a label has it, nor where it is too long.
export function addable(labels, typed) {
  const name = typed.replace(/\s+/g, " ").trim();
  const same = (label) => label.name.toLocaleLowerCase() === name.toLocaleLowerCase();
  return name && name.length <= LONGEST && !labels.some(same) ? name : "";
}

const isComposing = (event) => event.isComposing || event.keyCode === 229;

// What stands on the page: {pk, name, answer}.
function labelsOn(root) {
  const answers = [...root.querySelectorAll("[data-answers-list] .answer")];
  return answers.map((answer) => ({ pk: answer.dataset.label, name: answer.querySelector(".label-name").textContent, answer }));
}

function optionFor(label, id) {
  const option = document.createElement("li");
  Object.assign(option, { id, role: "option", className: "option" });
  option.dataset.label = label.pk;
  const name = Object.assign(document.createElement("span"), { className: "option-name", textContent: label.name });
  const key = Object.assign(document.createElement("kbd"), { textContent: label.answer.dataset.ownKey ?? label.answer.querySelector("input")?.dataset.ownKey ?? "" });
  key.hidden = !key.textContent;
  option.append(label.answer.querySelector(".mk").cloneNode(true), name, key);
  return option;
}

function optionToAdd(name, id) {
  const option = Object.assign(document.createElement("li"), { id, role: "option", className: "option adds" });
  option.dataset.name = name;
  option.textContent = fill(gettext("Add “%(name)s” and use it"), { name });
  return option;
}

class Finder {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector("[data-finder]");
    this.field = this.box.querySelector("[data-find]");
    this.list = this.box.querySelector("[role=listbox]");
    this.says = this.box.querySelector("[data-find-says]");
    this.at = -1; // which option is chosen by the arrows
    this.before = null; // what had the focus
    this.adding = false; // it was opened in order to add
    this.listen();
  }

  get options() {
    return [...this.list.children];
  }

  get adds() {
    return Boolean(this.root.querySelector("[data-answering]").dataset.add);
  }

  open(adding = false) {
    this.adding = adding;
    this.box.hidden = false;
    this.field.focus();
  }

  // Away with the list and what was typed; the focus goes back to where it was.
  close({ focus = true } = {}) {
    this.field.value = "";
    this.offer();
    if (this.box.classList.contains("folded")) this.box.hidden = true;
    const back = this.before;
    if (!focus) return;
    if (back?.isConnected && this.root.contains(back) && !back.disabled) back.focus();
    else this.field.blur();
  }

  offer() {
    const { value } = this.field;
    const labels = labelsOn(this.root);
    const found = matches(labels, value);
    const name = this.adds ? addable(labels, value) : "";
    const options = found.map((label, i) => optionFor(label, `found-${i}`));
    if (name) options.push(optionToAdd(name, "found-new"));
    this.list.replaceChildren(...options);
    this.list.hidden = options.length === 0;
    this.field.setAttribute("aria-expanded", String(options.length > 0));
    this.choose(found.length || (name && this.adding) ? 0 : -1);
    this.tell(found.length, Boolean(fold(value)));
  }

  tell(found, typed) {
    const none = typed && !found;
    this.says.classList.toggle("sr", !none || this.options.length > 0); // the offer to add says it, too
    const some = fill(ngettext("%(n)s label fits.", "%(n)s labels fit.", found), { n: found });
    this.says.textContent = !typed ? "" : none ? gettext("No label has this in its name.") : some;
  }

  choose(at) {
    this.at = at;
    this.options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    const option = this.options[at];
    if (option) this.field.setAttribute("aria-activedescendant", option.id);
    else this.field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  take(option) {
    const { label, name } = option.dataset;
    if (name) {
      this.root.dispatchEvent(new CustomEvent("find:add", { detail: { name, done: () => this.close() } }));
      return;
    }
    this.close();
    pressAnswer(this.root, label);
  }

  key(event) {
    if (isComposing(event)) return;
    const { options } = this;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && options.length) {
      this.choose((this.at + steps[event.key] + options.length) % options.length);
    } else if (event.key === "Enter") {
      if (options[this.at]) this.take(options[this.at]);
      else if (options.length) this.choose(0); // nothing fits: a second Enter adds it
      else if (!this.field.value.trim()) this.close();
    } else if (event.key === "Escape") {
      this.close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  listen() {
    this.field.addEventListener("focus", (event) => {
      const from = event.relatedTarget;
      this.before = from && !this.box.contains(from) && !from.matches("[data-open-finder]") ? from : null;
    });
    this.field.addEventListener("click", () => this.field.focus()); // the key `/` clicks it
    this.field.addEventListener("input", () => this.offer());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(option);
    });
    this.box.addEventListener("focusout", (event) => {
      if (!this.box.contains(event.relatedTarget)) this.close({ focus: false });
    });
    this.root.addEventListener("click", (event) => {
      if (event.target.closest("[data-open-finder]")) this.open(true);
    });
  }
}

// Press the answer of this label, as its key would.
export function pressAnswer(root, pk) {
  const answer = root.querySelector(`[data-answers-list] .answer[data-label="${pk}"]`);
  (answer?.querySelector("input") ?? answer)?.click();
}

export function attach(root) {
  if (root.querySelector("[data-finder]")) new Finder(root);
}
