// Mouse, pen and fingers on the map: a line drawn around points, a press, moving and zooming.

const STILL = 5; // pixels that a press may move
const WHEEL = 1.0015;

export class MapGestures {
  // tell: { hover(left, top), press(left, top, event), lasso(line in pixels, event), moved(), line(points) }
  constructor(element, view, tell) {
    Object.assign(this, { element, view, tell, down: new Map(), line: null, moves: false });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave"]) {
      element.addEventListener(kind, (event) => this[kind](event));
    }
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  place(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  pointerdown(event) {
    if (event.button > 1) return;
    this.element.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, this.place(event));
    this.moves = event.shiftKey || event.button === 1 || this.down.size > 1;
    this.line = this.moves ? null : [this.place(event)];
    this.tell.line(null);
  }

  pointermove(event) {
    const [left, top] = this.place(event);
    const before = this.down.get(event.pointerId);
    if (!before) return this.tell.hover(left, top);
    if (this.moves) this.pinch(event.pointerId, left, top);
    else if (this.line) {
      this.line.push([left, top]);
      if (this.wide()) this.tell.line(this.line);
    }
    this.down.set(event.pointerId, [left, top]);
  }

  // One finger or the mouse moves the map; two also zoom it.
  pinch(id, left, top) {
    const [x, y] = this.down.get(id);
    const share = 1 / this.down.size;
    this.view.pan((left - x) * share, (top - y) * share);
    const other = [...this.down].find(([key]) => key !== id)?.[1];
    if (other) {
      const apart = (a, b) => Math.hypot(a - other[0], b - other[1]) || 1;
      this.view.zoomAt(apart(left, top) / apart(x, y), (left + other[0]) / 2, (top + other[1]) / 2);
    }
    this.tell.moved();
  }

  pointerup(event) {
    if (!this.down.delete(event.pointerId)) return;
    const { line } = this;
    this.line = null;
    this.tell.line(null);
    if (!line) return;
    this.line = line;
    if (this.wide()) this.tell.lasso(line, event);
    else this.tell.press(...line[0], event);
    this.line = null;
  }

  pointercancel(event) {
    this.down.delete(event.pointerId);
    this.line = null;
    this.tell.line(null);
  }

  pointerleave() {
    if (!this.down.size) this.tell.hover(-1e6, -1e6);
  }

  wide() {
    const [x, y] = this.line[0];
    return this.line.some(([left, top]) => Math.hypot(left - x, top - y) > STILL);
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.view.zoomAt(WHEEL ** (-event.deltaY * lines), ...this.place(event));
    this.tell.moved();
  }
}
