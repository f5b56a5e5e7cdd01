// One page of the grid: its images, what was taken out or given another label, and the marker.
// No DOM and no network in here.

const LONGEST_ANSWER_MS = 86_400_000;

export class GridPage {
  constructor(label, questions) {
    this.label = label; // the id of the label that the page asks about
    this.tiles = questions.map((question) => ({ question, out: false, given: null, missing: false }));
    this.cursor = 0;
    this.anchor = null; // the other end of a chosen range
  }

  get items() {
    return this.tiles.map((tile) => tile.question.item);
  }

  // What will be labeled as the page says, what gets another label, and what goes back.
  get picked() {
    return this.tiles.filter((tile) => !tile.out && !tile.missing && tile.given === null);
  }

  get others() {
    return this.tiles.filter((tile) => !tile.missing && tile.given !== null);
  }

  get takenOut() {
    return this.tiles.filter((tile) => tile.out && !tile.missing);
  }

  get missing() {
    return this.tiles.filter((tile) => tile.missing);
  }

  get least() {
    return Math.min(1, ...this.tiles.map((tile) => tile.question.confidence));
  }

  // The places that a key changes: the range, or the one under the marker.
  get chosen() {
    const [first, last] = [this.cursor, this.anchor ?? this.cursor].sort((a, b) => a - b);
    return this.tiles.map((_, place) => place).slice(first, last + 1);
  }

  goTo(place, { extend = false } = {}) {
    if (place < 0 || place >= this.tiles.length) return false;
    this.anchor = extend ? (this.anchor ?? this.cursor) : null;
    this.cursor = place;
    return true;
  }

  // Take out what is chosen; where all of it is out already, put it back.
  flip(places = this.chosen) {
    const tiles = places.map((place) => this.tiles[place]);
    const out = tiles.some((tile) => !tile.out);
    for (const tile of tiles) Object.assign(tile, { out, given: null });
  }

  // Everything between the marker and `place` becomes like the one under the marker.
  spread(place) {
    const { out, given } = this.tiles[this.cursor];
    const [first, last] = [this.cursor, place].sort((a, b) => a - b);
    for (const tile of this.tiles.slice(first, last + 1)) Object.assign(tile, { out, given });
    this.goTo(place);
  }

  // The page's own label puts an image back among the others.
  give(label, places = this.chosen) {
    const given = label === this.label ? null : label;
    for (const place of places) Object.assign(this.tiles[place], { out: false, given });
  }

  // Images that are no longer this person's leave the page; whether any did.
  lose(items) {
    const lost = new Set(items);
    const kept = this.tiles.filter((tile) => !lost.has(tile.question.item));
    const any = kept.length < this.tiles.length;
    this.tiles = kept;
    this.anchor = null;
    this.cursor = Math.max(0, Math.min(this.cursor, kept.length - 1));
    return any;
  }

  // The page as it is kept and sent: {batch, answers, taken_out}. `elapsed` is the time for all.
  body(batch, uuid, elapsed) {
    const given = [...this.tiles].filter((tile) => !tile.out && !tile.missing);
    const each = Math.min(LONGEST_ANSWER_MS, Math.max(0, Math.round(elapsed / Math.max(1, given.length))));
    const answers = given.map((tile) => ({
      uuid: uuid(),
      item: tile.question.item,
      labels: [tile.given ?? this.label],
      elapsed_ms: each,
      suggestion_shown: true,
    }));
    return { batch, answers, taken_out: this.takenOut.map((tile) => tile.question.item) };
  }

  // The page without what was taken out: what an undo asks again.
  again() {
    const page = new GridPage(this.label, []);
    page.tiles = this.tiles.filter((tile) => !tile.out && !tile.missing);
    return page;
  }
}
