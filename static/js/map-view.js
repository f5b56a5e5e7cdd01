// Which part of the map is seen: places in [-1, 1] to pixels and back.

const MOST_ZOOM = 400;
const EDGE = 0.84; // of the window that the whole map fills

export class MapView {
  constructor() {
    Object.assign(this, { width: 1, height: 1, scale: 1, x: 0, y: 0 }); // x, y: the place in the middle
    this.box = { x: 0, y: 0, wide: 2, high: 2 };
  }

  resize(width, height) {
    const seen = this.zoom;
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height) });
    this.scale = this.base * seen;
  }

  // Pixels per unit at which all is seen.
  get base() {
    return EDGE * Math.min(this.width / this.box.wide, this.height / this.box.high);
  }

  get zoom() {
    return this.scale / (this.base || 1) || 1;
  }

  fit() {
    Object.assign(this, { scale: this.base, x: this.box.x, y: this.box.y });
  }

  // Where the points lie, which need not be everywhere: that is what `fit` shows.
  around(places) {
    let [left, bottom, right, top] = [1, 1, -1, -1];
    for (let i = 0; i < places.length; i += 2) {
      left = Math.min(left, places[i]);
      right = Math.max(right, places[i]);
      bottom = Math.min(bottom, places[i + 1]);
      top = Math.max(top, places[i + 1]);
    }
    if (right <= left || top <= bottom) return;
    this.box = { x: (left + right) / 2, y: (bottom + top) / 2, wide: right - left, high: top - bottom };
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  toMap(left, top) {
    return [this.x + (left - this.width / 2) / this.scale, this.y - (top - this.height / 2) / this.scale];
  }

  // What lies under the pixel stays there.
  zoomAt(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toMap(left, top);
    this.scale = Math.min(MOST_ZOOM, Math.max(0.5, this.zoom * factor)) * this.base;
    const [nowX, nowY] = this.toMap(left, top);
    this.x += x - nowX;
    this.y += y - nowY;
  }

  pan(right, down) {
    this.x -= right / this.scale;
    this.y += down / this.scale;
  }

  sees(x, y, margin = 0) {
    const [left, top] = this.toScreen(x, y);
    return left >= margin && top >= margin && left <= this.width - margin && top <= this.height - margin;
  }

  // Bring a place into the window.
  reveal(x, y) {
    if (!this.sees(x, y, 40)) Object.assign(this, { x, y });
  }
}
