// The note that a worker prepares a large pool for filters: how far it is, until it is done.
import { fill, gettext } from "./words.js";

const AGAIN_MS = 3000;

export class Preparing {
  // ask() → a page of tiles; ready() is called once the whole pool is there.
  constructor(place, { ask, ready, later = setTimeout }) {
    Object.assign(this, { place, ask, ready, later, waiting: false });
  }

  // told: {shown, images, done, total}, or null where nothing is being prepared.
  show(told) {
    this.place.hidden = !told;
    if (!told) return;
    this.place.querySelector("p").textContent = preparingWords(told);
    const bar = this.place.querySelector("progress");
    bar.hidden = !told.total;
    Object.assign(bar, { max: told.total || 1, value: told.done });
    if (this.waiting) return;
    this.waiting = true;
    this.later(() => this.look(), AGAIN_MS);
  }

  async look() {
    const page = await this.ask().catch(() => null);
    this.waiting = false;
    if (page && !page.preparing) this.ready();
    else this.show(page ? page.preparing : { shown: 0, images: 0, done: 0, total: 0 });
  }
}

export function preparingWords({ shown, images }) {
  if (!images) return gettext("No connection. This page tries again by itself.");
  const words = gettext("This pool is being prepared for filters. Until then the list holds its first %(shown)s of %(images)s images.");
  return fill(words, { shown: shown.toLocaleString("en"), images: images.toLocaleString("en") });
}
