// Answers on their way to the server: kept on this device until the server has them.
// They are sent in order, so that an undo never overtakes its answer; answers that have waited
// together go together.
import { gettext } from "./words.js";

const LONGEST_WAIT_MS = 60_000;
const MOST_AT_ONCE = 50; // answers in one post
const OURS = new Set([404, 409, 413, 422]);

// What a reply means for the entry: "saved", "lost", "gone", "refused", "sign-in" or "later".
export function verdict(kind, status, body) {
  if (status === 200 || status === 201) return "saved";
  if (status === 401 || status === 403) return "sign-in";
  const code = body?.code;
  if (kind.endsWith("undo") && (status === 404 || status === 409) && code) return "gone";
  if (status === 409 && code === "claim_lost") return "lost";
  if ((OURS.has(status) || status === 400) && code) return "refused";
  return "later";
}

// How long to wait after so many failed tries: one second, two, four … a minute, give or take.
export function waitAfter(tries, random = Math.random) {
  return Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.max(0, tries - 1)) * (0.75 + random() / 2);
}

// The entries to send next: the first, and where it is an answer, the answers right behind it.
export function nextOf(entries, most = MOST_AT_ONCE) {
  const end = entries.findIndex((entry) => entry.kind !== "answer");
  return entries.slice(0, Math.max(1, Math.min(most, end < 0 ? entries.length : end)));
}

export class Outbox {
  // store: {add, remove, all}; post(entry) → {status, body}, or throws without a connection;
  // postMany(entries), where there is one, → {status, body} with body.results, one per entry;
  // probe() → whether the server can be reached, asked where trouble was met and nothing waits;
  // tell(event, entry, body) hears "saved", "lost", "gone", "refused" and "change".
  constructor({ store, post, postMany = null, probe = null, tell = () => {}, later = (wake, ms) => setTimeout(wake, ms), random = Math.random }) {
    Object.assign(this, { store, post, postMany, probe, tell, later, random });
    this.entries = [];
    this.trouble = ""; // "", "offline" or "sign-in"
    this.tries = 0;
    this.active = false;
    this.running = null;
    this.oneByOne = false;
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
    await this.#forget({ uuid });
    this.tell("change");
  }

  start() {
    this.active = true;
    this.wake();
  }

  stop() {
    this.active = false;
  }

  // Something else was told so: nobody is signed in.
  signedOut() {
    if (this.active && this.trouble !== "sign-in") this.#troubled("sign-in");
  }

  // The browser says that the connection is gone: say so before anything is sent in vain.
  offline() {
    if (this.active && !this.trouble) this.#troubled("offline");
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
      if (!(await this.#sendNext())) {
        this.later(() => this.wake(), waitAfter(this.tries, this.random));
        return;
      }
    }
    if (this.active && this.trouble && this.probe) await this.#lookAgain();
  }

  async #lookAgain() {
    if (!(await this.probe().catch(() => false))) return;
    this.#wellAgain();
    this.tell("change");
  }

  async #sendNext() {
    const some = this.postMany && !this.oneByOne ? nextOf(this.unsent) : this.unsent.slice(0, 1);
    let reply = null;
    try {
      reply = await (some.length > 1 ? this.postMany(some) : this.post(some[0]));
    } catch {
      return this.#troubled("offline");
    }
    if (some.length === 1) return this.#settle(some[0], reply);
    if (reply.body?.results) return this.#settleAll(some, reply.body.results);
    this.oneByOne = verdict("answer", reply.status, reply.body) === "refused"; // the list, not an answer
    return this.oneByOne || this.#settle(some[0], reply);
  }

  async #settleAll(entries, results) {
    for (const [place, entry] of entries.entries()) {
      if (!(await this.#settle(entry, { status: results[place].status, body: results[place] }))) return false;
    }
    return true;
  }

  async #settle(entry, { status, body }) {
    const meaning = verdict(entry.kind, status, body);
    if (meaning === "later") return this.#troubled("offline");
    if (meaning === "sign-in") return this.#troubled("sign-in");
    this.#wellAgain();
    if (meaning === "refused") {
      entry.refused = body.detail || gettext("The server does not take this answer.");
      await this.store.add(entry);
    } else {
      await this.#forget(entry);
    }
    this.tell(meaning, entry, body);
    this.tell("change");
    return true;
  }

  async #forget({ uuid }) {
    await this.store.remove(uuid);
    this.entries = this.entries.filter((entry) => entry.uuid !== uuid);
  }

  #wellAgain() {
    this.trouble = "";
    this.tries = 0;
  }

  #troubled(kind) {
    this.trouble = kind;
    this.tries += 1;
    this.tell("change");
    return false;
  }
}
