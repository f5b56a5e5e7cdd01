// One image of the grid, large: to look closer, take it out or give it another label.
import { isTiny } from "./tiny-pictures.js";
import { tileWords } from "./grid-words.js";

export class Large {
  // act: {move(by), flip(), give(label)} change the page; `names` are those of the labels.
  constructor(dialog, names, act) {
    Object.assign(this, { dialog, names, act });
    dialog.addEventListener("click", (event) => this.#pressed(event));
    dialog.addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return this.dialog.open;
  }

  open(tile, place) {
    this.paint(tile, place);
    if (!this.dialog.open) this.dialog.showModal();
  }

  paint(tile, place) {
    const { question } = tile;
    const picture = this.dialog.querySelector("[data-large-picture]");
    if (picture.dataset.image !== String(question.image)) {
      picture.dataset.image = question.image;
      picture.classList.toggle("tiny-picture", isTiny(question));
      picture.src = question.urls.screen;
    }
    picture.alt = tileWords(tile, place, this.names);
    this.dialog.querySelector("[data-large-name]").textContent = question.name;
    this.dialog.querySelector("[data-large-words]").textContent = picture.alt;
    this.dialog.querySelector("[data-large-flip]").setAttribute("aria-pressed", String(tile.out));
    for (const button of this.dialog.querySelectorAll("[data-large-give]")) {
      button.setAttribute("aria-pressed", String(Number(button.value) === (tile.out ? null : (tile.given ?? question.label))));
    }
  }

  #pressed(event) {
    if (event.target === this.dialog) return this.dialog.close(); // beside the box
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("[data-large-flip]")) this.act.flip();
    if (button.matches("[data-large-give]")) this.act.give(Number(button.value));
    if (button.matches("[data-large-move]")) this.act.move(Number(button.value));
  }

  #key(event) {
    if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = [...this.dialog.querySelectorAll("button[data-key]")].find((each) => each.dataset.key === event.key.toUpperCase() || each.dataset.key === event.key);
    const off = document.documentElement.dataset.letterKeys === "off" && event.key.length === 1;
    if (!button || off) return;
    event.preventDefault();
    button.click();
  }
}
