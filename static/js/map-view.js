// Which part of the map is seen: places in [-1, 1] to pixels and back.

const MOST_ZOOM = 400;
const EDGE = 0.92; // of the window that the whole map fills

export class MapView {
  constructor() {
    Object.assign(this, { width: 1, height: 1, scale: 1, x: 0, y: 0 }); // x, y: the place in the middle
  }

  resize(width, height) {
    const seen = this.zoom;
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height) });
    this.scale = this.base * seen;
  }

  // Pixels per unit at which all is seen.
  get base() {
    return (EDGE * Math.min(this.width, this.height)) / 2;
  }

  get zoom() {
    return this.scale / (this.base || 1) || 1;
  }

  fit() {
    Object.assign(this, { scale: this.base, x: 0, y: 0 });
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
