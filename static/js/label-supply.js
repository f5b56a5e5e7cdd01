// Keeps questions ready on the desk: claims them ahead, and gives back those that a newer model
// ranks anew before anybody has seen them.

const MOST = 50; // questions in one claim

export class Supply {
  // local(question) gives it the addresses of this site; heard(progress, fresh, empty) paints.
  constructor({ desk, server, outbox, ahead, local, heard, progress }) {
    Object.assign(this, { desk, server, outbox, ahead, local, heard, progress });
    this.claiming = null;
  }

  // Answers that the server does not know of yet.
  get unsent() {
    return this.outbox.unsent.filter((entry) => entry.kind === "answer").length;
  }

  get isLow() {
    return this.desk.ready.length < this.ahead - 1;
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
    if (!reply) return;
    const fresh = this.desk.add(reply.items.map(this.local));
    await this.learn(reply.progress, fresh, reply.items.length ? "" : reply.empty);
  }

  // What the server says about the project. A newer model takes away what is not seen yet.
  async learn(news, fresh = [], empty = null) {
    const newer = (news.model_version ?? 0) > (this.progress.model_version ?? 0);
    const { unsent } = this;
    this.progress = { ...news, since_round: news.since_round + unsent, labeled: news.labeled + unsent };
    this.heard(this.progress, fresh, empty);
    const old = newer ? this.desk.outdated(news.model_version) : [];
    if (!old.length) return;
    await this.server.release(old);
    const reply = await this.server.claim(Math.min(MOST, 1 + this.ahead + unsent));
    if (reply) this.heard(this.progress, this.desk.add(reply.items.map(this.local)), null);
  }

  // One more answer was given here; the server will say the same a little later.
  count(answers) {
    const { since_round, labeled } = this.progress;
    this.progress = { ...this.progress, since_round: since_round + answers, labeled: labeled + answers };
  }

  // A light look, when nothing was heard for `quiet` milliseconds.
  async look(quiet) {
    if (this.outbox.trouble) return void this.outbox.wake();
    if (!this.desk.shown) return this.more();
    if (Date.now() - this.server.heard < quiet) return;
    const state = await this.server.poll().catch(() => null);
    if (state) await this.learn(state.progress).catch(() => {});
  }
}
