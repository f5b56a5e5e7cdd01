// One picture, large, in a dialog: zoomed, moved and turned as on the Label page, and its original
// where that is sharper.
import { Facts } from "./image-facts.js";
import { Gestures } from "./label-gestures.js";
import { Original } from "./label-original.js";
import { Zoom } from "./label-zoom.js";

const KEYS = { "+": (zoom) => zoom.step(1), "=": (zoom) => zoom.step(1), "-": (zoom) => zoom.step(-1), r: (zoom) => zoom.turn() };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class LargeView {
  // dialog: holds [data-large-stage] with the picture and the lens; address: (image, size) → where it is.
  constructor(dialog, address) {
    const stage = dialog.querySelector("[data-large-stage]");
    this.address = address;
    this.zoom = new Zoom(stage, () => this.original.look());
    this.facts = new Facts((image) => address(image, "about"));
    this.original = new Original(this.zoom, stage.querySelector("[data-lens]"), { facts: this.facts, tell: () => {} });
    new Gestures(stage, this.zoom);
    // Before the dialog's own listener: with Shift an arrow moves the picture, not to the next one.
    dialog.addEventListener("keydown", (event) => this.#press(event), true);
    new ResizeObserver(() => this.zoom.refit()).observe(stage);
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const lettersOff = document.documentElement.dataset.letterKeys === "off";
    const arrow = event.shiftKey && ARROWS[event.key];
    if (arrow) this.zoom.pan(...arrow);
    else if (!lettersOff) KEYS[event.key.toLowerCase()]?.(this.zoom);
    if (arrow) event.stopImmediatePropagation();
  }

  // Its own size is told by the server; until then the picture lies still.
  async show(image, name) {
    const picture = this.zoom.picture;
    this.shown = image;
    this.original.show(null);
    this.zoom.show(null);
    picture.src = this.address(image, "screen");
    picture.alt = name;
    const facts = await this.facts.of(image).catch(() => null);
    if (!facts || image !== this.shown) return;
    this.original.show({ image, urls: { original: this.address(image, "original") } });
    this.zoom.show(facts);
  }
}
