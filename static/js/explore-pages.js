// Pages of tiles of one filter, fetched when they come into sight. A page that went out of sight
// before it was asked for is never asked; the least used are forgotten.

export const PAGE = 100;
const MOST_KEPT = 60;

export class Pages {
  // get(offset, count, stamp) → {total, stamp, items}; heard() is called when a page came.
  constructor({ get, heard, failed = () => {} }) {
    Object.assign(this, { get, heard, failed });
    this.restart();
  }

  restart() {
    this.kept = new Map();
    this.asked = new Set();
    this.total = null;
    this.stamp = "";
    this.turn = (this.turn ?? 0) + 1;
  }

  // Tile i, or undefined while it is not here.
  tile(i) {
    return this.kept.get(Math.floor(i / PAGE))?.[i % PAGE];
  }

  // Ask for what is missing between first and end.
  async want(first, end) {
    const numbers = [];
    for (let n = Math.floor(first / PAGE); n * PAGE < Math.max(end, first + 1); n += 1) numbers.push(n);
    await Promise.all(numbers.map((n) => this.#fetch(n)));
  }

  async #fetch(n) {
    if (this.kept.has(n) || this.asked.has(n)) return;
    const { turn } = this;
    this.asked.add(n);
    try {
      const told = await this.get(n * PAGE, PAGE, this.stamp);
      if (turn !== this.turn) return;
      this.#keep(n, told);
    } catch (error) {
      if (turn === this.turn) this.failed(error);
    } finally {
      if (turn === this.turn) this.asked.delete(n);
    }
  }

  #keep(n, told) {
    this.total = told.total;
    this.preparing = told.preparing;
    this.stamp ||= told.stamp;
    this.kept.delete(n);
    this.kept.set(n, told.items);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
    this.heard();
  }

  // Forget what is known of these tiles, but not where they are.
  refresh() {
    this.kept.clear();
  }
}
