// Look closer: full size at the pointer while Space is held, + and − in steps, double tap.

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];

// How much the shown picture must grow so that one of its pixels is one on the screen, at least 2.
export function fullSize(naturalWidth, naturalHeight, shownWidth, shownHeight) {
  const fit = Math.min(shownWidth / naturalWidth, shownHeight / naturalHeight);
  return Math.max(2, 1 / fit);
}

export function stepFrom(scale, by) {
  const place = STEPS.findLastIndex((step) => step <= scale + 0.01);
  return STEPS[Math.min(STEPS.length - 1, Math.max(0, place + by))];
}

export class Zoom {
  constructor(stage, original) {
    this.stage = stage;
    this.original = original; // () → address of the largest version of what is shown
    this.scale = 1;
    this.at = [0.5, 0.5];
    stage.addEventListener("pointermove", (event) => this.#follow(event));
    stage.addEventListener("dblclick", (event) => {
      this.#point(event);
      this.set(this.scale > 1 ? 1 : this.#full());
    });
  }

  get picture() {
    return this.stage.querySelector("[data-picture]");
  }

  reset() {
    this.scale = 1;
    this.at = [0.5, 0.5];
    this.#show();
  }

  step(by) {
    this.set(stepFrom(this.scale, by));
  }

  hold(on) {
    this.set(on ? this.#full() : 1);
  }

  set(scale) {
    this.scale = scale;
    if (scale > 1) this.#fetchOriginal();
    this.#show();
  }

  #full() {
    const picture = this.picture;
    if (!picture) return 1;
    return fullSize(picture.width, picture.height, picture.clientWidth, picture.clientHeight);
  }

  #follow(event) {
    this.#point(event);
    if (this.scale > 1) this.#show();
  }

  #point(event) {
    const box = this.stage.getBoundingClientRect();
    this.at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #show() {
    const picture = this.picture;
    this.stage.classList.toggle("zoomed", this.scale > 1);
    if (!picture) return;
    picture.style.transformOrigin = this.at.map((part) => `${100 * part}%`).join(" ");
    picture.style.transform = this.scale > 1 ? `scale(${this.scale})` : "";
  }

  // The screen-size version stays until the original is there; then it takes its place unseen.
  async #fetchOriginal() {
    const picture = this.picture;
    const address = this.original();
    if (!picture || !address || picture.src.endsWith(address)) return;
    const full = new Image();
    full.src = address;
    try {
      await full.decode();
      if (picture === this.picture) picture.src = address;
    } catch {
      // The screen size is still there to look at.
    }
  }
}

// Space, held: full size at the pointer. On a focused control Space presses it, as always.
export function holdSpace(zoom, root = document) {
  const ours = (event) => event.key === " " && !event.target.closest?.("input, textarea, select, button, a, summary, dialog[open]");
  root.addEventListener("keydown", (event) => {
    if (!ours(event)) return;
    event.preventDefault();
    if (!event.repeat) zoom.hold(true);
  });
  root.addEventListener("keyup", (event) => event.key === " " && zoom.scale > 1 && zoom.hold(false));
}
