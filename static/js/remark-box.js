// Comments on their way to the server, each under a key of its own in this browser's storage, so
// that two tabs never overwrite each other's. The UUID makes a comment sent twice one comment.
import { uuid4 } from "./uuid.js";

const AGAIN_MS = 15_000;

// What a reply means for the comment: "sent", "refused", "sign-in" or "kept".
export function meaning(status) {
  if (status === 200 || status === 201) return "sent";
  if (status === 401 || status === 403) return "sign-in";
  return [400, 404, 409, 413, 422].includes(status) ? "refused" : "kept";
}

export class RemarkBox {
  // post(remark) → {status, body}, or throws without a connection; tell(news, remark, body).
  constructor({ key, post, tell = () => {}, store = globalThis.localStorage, every = (work, ms) => setInterval(work, ms) }) {
    Object.assign(this, { key, post, tell, store, every, busy: false });
    this.unkept = new Map(); // where the browser keeps nothing
  }

  waiting() {
    const kept = Object.keys(this.store).filter((key) => key.startsWith(this.key)).map((key) => JSON.parse(this.store.getItem(key)));
    return [...kept, ...this.unkept.values()].sort((a, b) => a.created.localeCompare(b.created));
  }

  async add({ image, name, text }) {
    const remark = { uuid: uuid4(), image, name, text, created: new Date().toISOString() };
    try {
      this.store.setItem(this.key + remark.uuid, JSON.stringify(remark));
    } catch {
      this.unkept.set(remark.uuid, remark);
    }
    await this.send();
  }

  start() {
    globalThis.addEventListener?.("online", () => this.send());
    this.every(() => this.send(), AGAIN_MS);
    return this.send();
  }

  async send() {
    if (this.busy) return;
    this.busy = true;
    try {
      while (await this.#sendOne(this.waiting()[0]));
    } finally {
      this.busy = false;
    }
  }

  // Whether there was one and it is done with; the next one's turn comes then.
  async #sendOne(remark) {
    if (!remark) return false;
    let reply = null;
    try {
      reply = await this.post(remark);
    } catch {
      this.tell("kept", remark);
      return false;
    }
    const news = meaning(reply.status);
    const done = news === "sent" || news === "refused";
    if (done) {
      this.store.removeItem(this.key + remark.uuid);
      this.unkept.delete(remark.uuid);
    }
    this.tell(news, remark, reply.body);
    return done;
  }
}
