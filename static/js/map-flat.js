// The same points without a graphics card that can: squares on a flat canvas, slower with many.

export class FlatPainter {
  constructor(canvas) {
    this.pen = canvas.getContext("2d");
    if (!this.pen) throw new Error("no canvas");
  }

  setPlaces(places) {
    this.places = places;
  }

  setStyles(style, order) {
    Object.assign(this, { style, order });
  }

  setPalette(bytes, ink) {
    this.css = [...Array(256).keys()].map((i) => `rgb(${bytes.slice(4 * i, 4 * i + 3).join(" ")})`);
    this.ink = `rgb(${ink.slice(0, 3).join(" ")})`;
  }

  paint(view, size, dpr, most = this.order.length) {
    const { pen, places, style } = this;
    pen.setTransform(dpr, 0, 0, dpr, 0, 0);
    pen.clearRect(0, 0, view.width, view.height);
    for (const i of this.order.subarray(Math.max(0, this.order.length - Math.round(most)))) {
      const [left, top] = view.toScreen(places[2 * i], places[2 * i + 1]);
      if (left < -9 || top < -9 || left > view.width + 9 || top > view.height + 9) continue;
      const [colour, , state] = style.subarray(4 * i, 4 * i + 3);
      const wide = size * (colour ? 1.2 : 0.8) * (state === 2 ? 1.5 : 1);
      pen.globalAlpha = state === 0 ? 0.1 : colour || state === 2 ? 0.9 : 0.6;
      pen.fillStyle = this.css[colour];
      pen.fillRect(left - wide / 2, top - wide / 2, wide, wide);
      if (state === 2) {
        pen.strokeStyle = this.ink;
        pen.strokeRect(left - wide / 2, top - wide / 2, wide, wide);
      }
    }
    pen.globalAlpha = 1;
  }
}
