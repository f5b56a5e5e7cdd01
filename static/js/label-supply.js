// Keeps questions ready on the desk: claims them ahead, holds them while the page is open, and
// gives back those that a newer model ranks anew before anybody has seen them.

const MOST = 50; // questions in one claim
const KEEP_MS = 120_000; // a claim lasts ten minutes
const SETTLE_MS = 7_000; // after a reload: later than what the page before may still give back
const REST_MS = 1_800_000; // so long without a key or a touch, and claims may run out

export class Supply {
  // local(question) gives it the addresses of this site; heard(progress, fresh, empty) paints;
  // lost() is called when the question asked now went to somebody else.
  constructor({ desk, server, outbox, ahead, local, heard, lost = () => {}, progress, now = Date.now }) {
    Object.assign(this, { desk, server, outbox, ahead, local, heard, lost, progress, now });
    this.claiming = null;
    this.keptAt = now(); // when the server last heard that these questions are in use
    this.usedAt = now();
    this.newsAt = 0; // when the server last said how far the project is
  }

  // Answers that the server does not know of yet.
  get unsent() {
    return this.outbox.unsent.filter((entry) => entry.kind === "answer").length;
  }

  // Few enough that a claim is worth its while: not one for every answer.
  get isLow() {
    return this.desk.ready.length < Math.ceil((2 * this.ahead) / 3);
  }

  // The page has just been opened: is what it shows still this person's?
  async begin() {
    await this.keep();
    this.keptAt = this.now() - KEEP_MS + SETTLE_MS;
    return this.more();
  }

  // Claim what is missing; nothing happens without a connection, the poll tries again.
  more() {
    if (!this.isLow || !this.outbox.active || this.outbox.trouble) return this.claiming ?? Promise.resolve();
    this.claiming ??= this.#claim()
      .catch(() => {})
      .finally(() => {
        this.claiming = null;
      });
    return this.claiming;
  }

  async #claim() {
    const reply = await this.server.claim(Math.min(MOST, 1 + this.ahead + this.unsent));
    if (this.server.signedOut) this.outbox.signedOut();
    if (!reply) return;
    const fresh = this.desk.add(reply.items.map(this.local));
    await this.learn(reply.progress, fresh, reply.items.length ? "" : reply.empty);
  }

  // What the server says about the project. A newer model takes away what is not seen yet.
  async learn(news, fresh = [], empty = null) {
    const newer = (news.model_version ?? 0) > (this.progress.model_version ?? 0);
    const { unsent } = this;
    this.newsAt = this.now();
    this.progress = { ...news, since_round: news.since_round + unsent, labeled: news.labeled + unsent };
    this.heard(this.progress, fresh, empty);
    const old = newer ? this.desk.outdated(news.model_version) : [];
    if (!old.length) return;
    await this.server.release(old);
    const reply = await this.server.claim(Math.min(MOST, 1 + this.ahead + unsent));
    if (reply) this.heard(this.progress, this.desk.add(reply.items.map(this.local)), null);
  }

  // Hold what lies here for another ten minutes; what is somebody else's by now goes away. An
  // answer whose undo is still on its way is not held yet.
  async keep() {
    this.keptAt = this.now();
    const undone = new Set(this.outbox.unsent.filter((entry) => entry.kind === "undo").map((entry) => entry.question?.item));
    const items = this.desk.waiting.filter((item) => !undone.has(item));
    if (!items.length) return;
    const reply = await this.server.keep(items).catch(() => null);
    if (!reply) return;
    const held = new Set(reply.held);
    if (this.desk.lose(items.filter((item) => !held.has(item)))) this.lost();
    await this.learn(reply.progress).catch(() => {});
    this.more();
  }

  // Somebody is at work here. After a rest the claims are looked after at once.
  used() {
    this.usedAt = this.now();
    if (this.now() - this.keptAt > 2 * KEEP_MS && !this.outbox.trouble) this.keep();
  }

  // One more answer was given here; the server will say the same a little later.
  count(answers) {
    const { since_round, labeled } = this.progress;
    this.progress = { ...this.progress, since_round: since_round + answers, labeled: labeled + answers };
  }

  // A light look, when nothing was heard for `quiet` milliseconds; `hidden`: nobody looks.
  async look(quiet, hidden = false) {
    const now = this.now();
    if (now - this.keptAt > KEEP_MS && now - this.usedAt < REST_MS && !this.outbox.trouble) return this.keep();
    if (hidden) return;
    if (this.outbox.trouble) return void this.outbox.wake();
    if (!this.desk.shown) return this.more();
    if (now - this.newsAt < quiet) return;
    const state = await this.server.poll().catch(() => null);
    if (state) await this.learn(state.progress).catch(() => {});
  }
}
