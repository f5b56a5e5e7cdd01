// What stands around the sheet: the question, the labels to choose from, the black button, why it is
// empty.
import { commitWords, headingWords, restWords, sheetWords, sureWords, undoWords } from "./grid-words.js";
import { count } from "./label-words.js";
import { gettext } from "./words.js";

const SIZE = "grid-size"; // in localStorage

export class Frame {
  // act: {choose(label), takeOver()}.
  constructor(root, act) {
    Object.assign(this, { root, act });
    this.choices = [...root.querySelectorAll("[data-choice]")];
    this.names = new Map(this.choices.map((link) => [Number(link.dataset.choice), link.querySelector(".label-name").textContent]));
    this.marks = (label) => root.querySelector(`[data-choice="${label}"] .mk`).cloneNode(true);
  }

  find(what) {
    return this.root.querySelector(`[data-${what}]`);
  }

  // How many images the person wants on a page; 0: as many as fit.
  get size() {
    return Number(this.find("size").value);
  }

  // The label before (-1) or after (1) this one that has images.
  beside(label, counts, by) {
    const some = [...this.names.keys()].filter((each) => each === label || counts[each]);
    return some[some.indexOf(label) + by];
  }

  // buttons: {name: act(button)} for elements with data-name; resized() when another size was chosen.
  listen(buttons, resized) {
    this.root.addEventListener("click", (event) => this.#pressed(event, buttons));
    const sizes = this.find("size");
    sizes.value = localStorage.getItem(SIZE) ?? "";
    sizes.addEventListener("change", () => {
      localStorage.setItem(SIZE, sizes.value);
      sizes.blur();
      resized();
    });
  }

  #pressed(event, buttons) {
    const choice = event.target.closest("[data-choice]");
    const button = event.target.closest("button");
    const name = button && Object.keys(buttons).find((each) => each in button.dataset);
    if (choice) {
      event.preventDefault();
      this.act.choose(Number(choice.dataset.choice));
    }
    if (name && !button.disabled) buttons[name](button);
    if (event.detail > 0) button?.blur(); // so that Enter goes on meaning the page
    if (choice || name) event.target.closest("details[data-menu]")?.removeAttribute("open");
  }

  // state: {page, label, counts, ready, state, last}.
  paint(state) {
    this.root.dataset.state = state.state;
    this.find("scroll").hidden = state.state === "empty";
    this.paintHead(state);
    this.#paintCommit(state);
  }

  paintHead({ page, label, counts }) {
    const name = this.names.get(label) ?? "";
    this.find("heading").textContent = name ? headingWords(name, "alone" in this.root.dataset) : gettext("Grid");
    this.find("heading-mark").replaceChildren(...(name ? [this.marks(label)] : []));
    this.find("chosen").replaceChildren(...(name ? [this.marks(label), name] : [gettext("Choose a label")]));
    this.find("sure").hidden = !page;
    if (page) this.find("sure").textContent = sureWords(page.least);
    this.find("sheet").setAttribute("aria-label", sheetWords(name));
    for (const link of this.choices) {
      const n = counts[link.dataset.choice] ?? 0;
      link.querySelector(".n").textContent = count(n);
      link.classList.toggle("none", n === 0);
      if (Number(link.dataset.choice) === label) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  #paintCommit({ page, ready, standing, last }) {
    const n = { labels: page?.picked.length ?? 0, others: page?.others.length ?? 0, out: page?.takenOut.length ?? 0 };
    this.find("commit").disabled = !ready;
    this.find("commit-words").textContent = page ? commitWords(n, this.names.get(page.label)) : gettext("Label");
    this.find("rest").textContent = page ? restWords(n) : "";
    for (const button of this.root.querySelectorAll("[data-flip], [data-open], [data-give], [data-arrow]")) button.disabled = !standing;
    this.find("undo").disabled = !last;
    this.find("undo-words").textContent = undoWords(last?.answers);
  }

  // Why the sheet is empty, from the page's templates; "" where it is not.
  paintEmpty(kind, { label, counts }) {
    const box = this.find("empty");
    if (box.dataset.kind === kind) return;
    box.dataset.kind = kind;
    box.hidden = !kind;
    box.replaceChildren(...(kind ? [document.querySelector(`template[data-empty="${kind}"]`).content.cloneNode(true)] : []));
    box.querySelector("[data-take-over]")?.addEventListener("click", this.act.takeOver);
    const next = box.querySelector("[data-next]");
    if (next) this.#offerNext(next, label, counts);
  }

  // The label with the most images left, to go on with.
  #offerNext(button, label, counts) {
    const left = [...this.names.keys()].filter((pk) => pk !== label && counts[pk]).sort((a, b) => counts[b] - counts[a]);
    button.hidden = button.disabled = !left.length;
    if (!left.length) return;
    const name = document.createElement("span");
    name.textContent = `${this.names.get(left[0])} · ${count(counts[left[0]])}`;
    button.querySelector("[data-next-name]").replaceChildren(this.marks(left[0]), name);
    button.addEventListener("click", () => this.act.choose(left[0]));
  }
}
