// Look closer: the picture in its frame, larger, moved and turned. Nothing of it is stored.
import { clamped, fit, fullScale, isStill, mostScale, scaled, STILL, stepFrom, transformOf } from "./view.js";

const PAN = 80; // CSS pixels for a key
const MIDDLE = { x: 0, y: 0 };

export class Zoom {
  #before = null; // the view to return to when Space is let go

  // stage: what the picture lies in; changed: called after every change of the view.
  constructor(stage, changed = () => {}) {
    this.stage = stage;
    this.changed = changed;
    this.view = STILL;
    this.size = null; // of the picture, upright
  }

  get picture() {
    return this.stage.querySelector("[data-picture]");
  }

  get isStill() {
    return isStill(this.view);
  }

  // The room for the picture, and where its middle is on the page.
  get frame() {
    const picture = this.picture;
    const stage = this.stage.getBoundingClientRect();
    const { offsetLeft, offsetTop, offsetWidth: width, offsetHeight: height } = picture;
    const inside = { x: offsetLeft + width / 2, y: offsetTop + height / 2 }; // the middle, in the stage
    return { width, height, inside, middle: { x: stage.left + inside.x, y: stage.top + inside.y } };
  }

  // Another picture lies on the stage; its upright size in pixels.
  show(size) {
    this.size = size;
    this.#before = null;
    const picture = this.picture;
    if (picture?.style.transform) picture.style.transform = "";
    if (this.isStill) return;
    this.view = STILL;
    this.#paint();
  }

  reset() {
    this.#set(() => STILL);
  }

  turn() {
    this.#set((view) => ({ ...STILL, turn: (view.turn + 1) % 4 }));
  }

  step(by) {
    this.#set((view, most) => scaled(view, stepFrom(view.scale, by, most), MIDDLE));
  }

  // Grow by a factor; what lies at the point of the page stays there.
  by(factor, point) {
    this.#set((view, most, frame) => {
      const scale = Math.min(most, view.scale * factor);
      return scale < 1.02 ? { ...STILL, turn: view.turn } : scaled(view, scale, from(frame, point));
    });
  }

  // Full size at the point of the page, or back to fitting.
  toggle(point) {
    this.#set((view, most, frame) => {
      if (view.scale > 1) return { ...STILL, turn: view.turn };
      return scaled(view, fullScale(frame, this.size, view.turn), from(frame, point));
    });
  }

  move(x, y) {
    if (this.view.scale > 1) this.#set((view) => ({ ...view, x: view.x + x, y: view.y + y }));
  }

  // One step of the keyboard: the part that lies to the right comes into sight for `right` 1.
  pan(right, down) {
    this.move(-PAN * right, -PAN * down);
  }

  // While Space is held: full size, and what lies under the pointer stays under it.
  hold(point) {
    this.#before ??= this.view;
    this.#set((_view, _most, frame) => {
      const still = { ...STILL, turn: this.#before.turn };
      return scaled(still, fullScale(frame, this.size, still.turn), from(frame, point));
    });
  }

  letGo() {
    const before = this.#before;
    this.#before = null;
    if (before) this.#set(() => before);
  }

  get isHeld() {
    return this.#before !== null;
  }

  // How large a pixel of the picture is in CSS pixels.
  get perPixel() {
    return fit(this.frame, this.size, this.view.turn) * this.view.scale;
  }

  // The frame has another size now.
  refit() {
    if (!this.isStill && this.picture) this.#set((view) => view);
  }

  #set(next) {
    if (!this.picture || !this.size) return;
    const frame = this.frame;
    const most = mostScale(frame, this.size, this.view.turn);
    this.view = clamped(next(this.view, most, frame), frame, this.size);
    this.#paint(frame);
  }

  #paint(frame = this.picture && this.frame) {
    const picture = this.picture;
    this.stage.classList.toggle("zoomed", this.view.scale > 1);
    if (picture) picture.style.transform = transformOf(this.view, frame, this.size);
    this.changed();
  }
}

const from = (frame, point) => (point ? { x: point.x - frame.middle.x, y: point.y - frame.middle.y } : MIDDLE);
