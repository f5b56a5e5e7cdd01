// Wheel, drag, pinch and double press on the picture, and Space held down.

const MOVED = 5; // CSS pixels before a press is a drag
const DOUBLE_MS = 350;
const DOUBLE_PX = 30;
const LINE = 16; // CSS pixels of a wheel that counts lines

const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
const between = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const pointOf = (event) => ({ x: event.clientX, y: event.clientY });

// How much one turn of the wheel enlarges; pinching a touchpad comes as a wheel with Ctrl.
export function wheelFactor({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaMode === 1 ? deltaY * LINE : deltaY;
  return Math.exp(-Math.max(-120, Math.min(120, pixels)) * (ctrlKey ? 0.01 : 0.002));
}

export class Gestures {
  #down = new Map(); // fingers, or the pressed mouse: where each is
  #moved = false; // since the first of them came down
  #last = null; // the press before, for a double one
  #hover = null; // where the pointer is

  constructor(stage, zoom) {
    this.stage = stage;
    this.zoom = zoom;
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => this.#lift(event));
    stage.addEventListener("pointerleave", () => (this.#hover = null));
  }

  get point() {
    return this.#hover;
  }

  #isOurs(event) {
    return this.zoom.picture && !event.target.closest("[data-over]");
  }

  #wheel(event) {
    if (!this.#isOurs(event)) return;
    event.preventDefault();
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) && !event.ctrlKey;
    if (sideways) this.zoom.move(-event.deltaX, 0);
    else this.zoom.by(wheelFactor(event), pointOf(event));
  }

  #press(event) {
    if (!this.#isOurs(event) || event.button !== 0) return;
    if (this.#down.size === 0) this.#moved = false;
    else this.#moved = true;
    this.#down.set(event.pointerId, pointOf(event));
  }

  #move(event) {
    const to = pointOf(event);
    this.#hover = to;
    if (this.zoom.isHeld) this.zoom.hold(to);
    const was = this.#down.get(event.pointerId);
    if (!was) return;
    if (!this.#moved && apart(was, to) < MOVED) return;
    if (!this.#moved || this.#down.size > 1) this.stage.setPointerCapture(event.pointerId);
    this.#moved = true;
    this.#drag(event.pointerId, was, to);
  }

  #drag(id, was, to) {
    const other = [...this.#down].find(([each]) => each !== id)?.[1];
    this.#down.set(id, to);
    if (!other) {
      this.zoom.move(to.x - was.x, to.y - was.y);
    } else if (apart(was, other) > 0) {
      const [before, after] = [between(was, other), between(to, other)];
      this.zoom.move(after.x - before.x, after.y - before.y);
      this.zoom.by(apart(to, other) / apart(was, other), after);
    }
  }

  #lift(event) {
    if (!this.#down.delete(event.pointerId) || this.#moved || event.type === "pointercancel") return;
    const press = { ...pointOf(event), at: event.timeStamp };
    const double = this.#last && press.at - this.#last.at < DOUBLE_MS && apart(press, this.#last) < DOUBLE_PX;
    this.#last = double ? null : press;
    if (double) this.zoom.toggle(press);
  }
}

const TAKES_KEYS = "input, textarea, select, button, a, summary, [contenteditable], dialog[open]";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Space, held: full size at the pointer. On a focused control Space presses it, as always.
// Shift and an arrow move the enlarged picture; before keys.js takes the arrow for the strip.
export function listenToKeys(zoom, gestures, root = document) {
  const isFree = (event) => !event.target.closest?.(TAKES_KEYS) && !root.querySelector("dialog[open]");
  root.addEventListener(
    "keydown",
    (event) => {
      if (event.key === " " && isFree(event)) {
        event.preventDefault();
        if (!event.repeat && zoom.picture) zoom.hold(gestures.point);
      } else if (event.shiftKey && ARROWS[event.key] && zoom.view.scale > 1 && !event.target.closest?.("input, textarea, select")) {
        event.preventDefault();
        event.stopImmediatePropagation();
        zoom.pan(...ARROWS[event.key]);
      }
    },
    true,
  );
  root.addEventListener("keyup", (event) => event.key === " " && zoom.letGo());
  addEventListener("blur", () => zoom.letGo());
}
