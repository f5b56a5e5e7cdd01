// Many images picked on the review page: X puts one in or out, Shift and a click takes a range.

export class Picking {
  #last = null;

  constructor() {
    this.images = new Set();
  }

  get size() {
    return this.images.size;
  }

  toggle(i) {
    if (!this.images.delete(i)) this.images.add(i);
    this.#last = i;
  }

  // Everything from the last one that was touched to i, in the order of the page.
  range(order, i, from = this.#last) {
    const [a, b] = [order.indexOf(from), order.indexOf(i)].sort((x, y) => x - y);
    for (const each of a < 0 ? [i] : order.slice(a, b + 1)) this.images.add(each);
    this.#last = i;
  }

  // What an action is for: the picked ones in the order of the page, else the chosen one.
  forAction(order, chosen) {
    if (this.size) return order.filter((i) => this.images.has(i));
    return chosen >= 0 ? [chosen] : [];
  }

  touch(i) {
    this.#last = i;
  }

  clear() {
    this.images.clear();
  }
}
