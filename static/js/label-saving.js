// The line that says what is saved and what is not, and the list behind it.
import { Kept } from "./label-kept.js";
import { paintOutbox } from "./label-rail.js";

const SAVING_MS = 400; // "Saving" is shown only when an answer takes a while: most are saved before

// Answers in an entry of the outbox: a page of the grid has many.
const sizeOf = (entry) => entry.body.answers?.length || 1;

export class SavingLine {
  #timer = 0;
  #held = 0;

  // ready() → how many of the images ahead are on this device; discard(entry) lets go of an answer.
  constructor(root, dialog, { project, outbox, ready, discard }) {
    Object.assign(this, { outbox, ready, box: root.querySelector("[data-outbox]"), signIn: root.dataset.signIn });
    this.kept = new Kept(dialog, { project, entries: () => outbox.entries, discard });
  }

  // So many answers are on their way into the drawer.
  hold(many) {
    this.#held = many;
    this.paint();
  }

  paint() {
    const { unsent, refused, trouble, store } = this.outbox;
    this.box.dataset.unsent = unsent.length + this.#held;
    clearTimeout(this.#timer);
    const young = unsent.length && Date.now() - unsent[0].created < SAVING_MS;
    if (young && !trouble && !refused.length) {
      this.#timer = setTimeout(() => this.paint(), SAVING_MS);
      return;
    }
    const state = { unsent: unsent.reduce((sum, entry) => sum + sizeOf(entry), 0), refused: refused.length, trouble, ready: this.ready(), forgetful: store.forgetful };
    paintOutbox(this.box, state, { signIn: this.signIn, look: () => this.kept.open() });
    if (this.kept.dialog.open) this.kept.paint();
  }
}
