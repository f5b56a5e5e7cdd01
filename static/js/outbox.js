// Answers on their way to the server: kept on this device until the server has them.
// One is sent at a time, in order, so that an undo never overtakes its answer.

const LONGEST_WAIT_MS = 60_000;
const OURS = new Set([404, 409, 413, 422]);

// What a reply means for the entry: "saved", "lost", "gone", "refused", "sign-in" or "later".
export function verdict(kind, status, body) {
  if (status === 200 || status === 201) return "saved";
  if (status === 401 || status === 403) return "sign-in";
  const code = body?.code;
  if (kind === "undo" && (status === 404 || status === 409) && code) return "gone";
  if (status === 409 && code === "claim_lost") return "lost";
  if ((OURS.has(status) || status === 400) && code) return "refused";
  return "later";
}

// How long to wait after so many failed tries: one second, two, four … a minute, give or take.
export function waitAfter(tries, random = Math.random) {
  return Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.max(0, tries - 1)) * (0.75 + random() / 2);
}

export class Outbox {
  // store: {add, remove, all}; post(entry) → {status, body}, or throws without a connection;
  // tell(event, entry, body) hears "saved", "lost", "gone", "refused" and "change".
  constructor({ store, post, tell = () => {}, later = (wake, ms) => setTimeout(wake, ms), random = Math.random }) {
    Object.assign(this, { store, post, tell, later, random });
    this.entries = [];
    this.trouble = ""; // "", "offline" or "sign-in"
    this.tries = 0;
    this.active = false;
    this.running = null;
  }

  async load() {
    this.entries = await this.store.all();
    this.tell("change");
    return this.entries;
  }

  get unsent() {
    return this.entries.filter((entry) => !entry.refused);
  }

  get refused() {
    return this.entries.filter((entry) => entry.refused);
  }

  // Keep the entry on the device; only then may the page go on. Throws when it cannot be kept.
  async add(entry) {
    await this.store.add(entry);
    this.entries.push(entry);
    this.tell("change");
    this.wake();
  }

  async discard(uuid) {
    await this.store.remove(uuid);
    this.entries = this.entries.filter((entry) => entry.uuid !== uuid);
    this.tell("change");
  }

  start() {
    this.active = true;
    this.wake();
  }

  stop() {
    this.active = false;
  }

  // Send now: something was added, the connection is back, somebody signed in again.
  wake() {
    if (!this.active) return this.running ?? Promise.resolve();
    this.running ??= this.#sendAll().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async #sendAll() {
    while (this.active && this.unsent.length) {
      if (!(await this.#sendOne(this.unsent[0]))) {
        this.later(() => this.wake(), waitAfter(this.tries, this.random));
        return;
      }
    }
  }

  async #sendOne(entry) {
    let reply = null;
    try {
      reply = await this.post(entry);
    } catch {
      return this.#troubled("offline");
    }
    const meaning = verdict(entry.kind, reply.status, reply.body);
    if (meaning === "later") return this.#troubled("offline");
    if (meaning === "sign-in") return this.#troubled("sign-in");
    this.trouble = "";
    this.tries = 0;
    if (meaning === "refused") {
      entry.refused = reply.body.detail || "The server does not take this answer.";
      await this.store.add(entry);
    } else {
      await this.store.remove(entry.uuid);
      this.entries = this.entries.filter((each) => each.uuid !== entry.uuid);
    }
    this.tell(meaning, entry, reply.body);
    this.tell("change");
    return true;
  }

  #troubled(kind) {
    this.trouble = kind;
    this.tries += 1;
    this.tell("change");
    return false;
  }
}
