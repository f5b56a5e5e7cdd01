// Which tiles of a long list are in sight: rows of equal height in a scrolling box. A browser
// draws no element higher than some millions of pixels, so a very long list is scrolled faster
// than its real height.

export const HIGHEST = 12_000_000; // pixels; Firefox gives up at about 17 million

export class Window {
  // total tiles in `columns`, each row `height` pixels; `view` pixels are in sight.
  constructor({ total, columns, height, view }) {
    Object.assign(this, { total, columns, height, view });
    this.rows = Math.ceil(total / columns);
    this.real = this.rows * height;
    this.tall = Math.min(this.real, HIGHEST); // the height of the scrolled element
    const room = Math.max(1, this.tall - view);
    this.speed = this.tall < this.real ? (this.real - view) / room : 1;
  }

  // The tiles to draw at this scroll position, `spare` rows more on either side: [first, end) and
  // how far their first row lies from the top of the scrolled element.
  at(scrollTop, spare = 2) {
    const real = Math.min(scrollTop * this.speed, Math.max(0, this.real - this.view));
    const firstRow = Math.max(0, Math.floor(real / this.height) - spare);
    const endRow = Math.min(this.rows, Math.ceil((real + this.view) / this.height) + spare);
    return {
      first: firstRow * this.columns,
      end: Math.min(this.total, endRow * this.columns),
      top: scrollTop + firstRow * this.height - real,
    };
  }

  // Where to scroll so that tile i is in sight, from here; the same place if it is.
  reveal(i, scrollTop) {
    const real = scrollTop * this.speed;
    const top = Math.floor(i / this.columns) * this.height;
    if (top < real) return top / this.speed;
    if (top + this.height > real + this.view) return (top + this.height - this.view) / this.speed;
    return scrollTop;
  }
}
