// Keeps the next page of the grid ready: claimed, fetched and decoded before it is needed.

export const AHEAD = 1; // pages

export class GridSupply {
  #asking = null;
  #letting = Promise.resolve(); // what is being given back: it must not overtake the next claim

  // claim(label) → {items, counts} or null; release(items) and prepare(page) → promises;
  // makePage(label, items); heard() when there is a page, or no more of them.
  constructor({ claim, release, prepare, makePage, heard, counts = {} }) {
    Object.assign(this, { claim, release, prepare, makePage, heard, counts });
    this.label = null;
    this.ahead = [];
    this.dry = false; // the server has no more of this label
  }

  get items() {
    return this.ahead.flatMap((page) => page.items);
  }

  // Ask about another label; what lies ready is given back, and `items` with it.
  choose(label, items = []) {
    this.giveBack(items);
    this.label = label;
  }

  // Pages nobody has seen go back, for a newer model or another label.
  giveBack(more = []) {
    const items = [...this.items, ...more];
    this.ahead = [];
    this.dry = false;
    if (items.length) this.#letting = Promise.allSettled([this.#letting, this.release(items)]);
  }

  // The next page, or null while none is ready.
  take() {
    return this.ahead.shift() ?? null;
  }

  // A page that was interrupted comes next.
  putBack(page) {
    this.ahead.unshift(page);
  }

  lose(items) {
    for (const page of this.ahead) page.lose(items);
    this.ahead = this.ahead.filter((page) => page.tiles.length);
  }

  more() {
    if (this.label === null || this.dry || this.ahead.length >= AHEAD) return Promise.resolve();
    this.#asking ??= this.#ask()
      .catch(() => false)
      .then((again) => {
        this.#asking = null;
        if (again) return this.more();
      });
    return this.#asking;
  }

  // Whether to look again: the page that came may stand on the sheet already.
  async #ask() {
    await this.#letting;
    const { label } = this;
    const reply = await this.claim(label);
    if (!reply) return label !== this.label;
    if (label !== this.label) {
      this.giveBack(reply.items.map((question) => question.item));
      return true;
    }
    this.counts = reply.counts;
    this.dry = reply.items.length === 0;
    const page = this.dry ? null : this.makePage(label, reply.items);
    if (page) this.ahead.push(page);
    if (page) this.prepare(page);
    this.heard();
    return true;
  }
}
