// Sends the files of one import: small ones many at once, large ones in pieces. It waits out what passes (no
// network, a server that starts again, a full disk) and goes on; after a reload it sends only what is missing.

import { batches } from "./import-files.js";
import { LargeFile, stampOf } from "./import-upload.js";
import { Meter } from "./import-upload-speed.js";
import { inWords, Interrupted, read, Refused, troubleOf, waitAfter } from "./import-upload-trouble.js";
import { uuid4 } from "./uuid.js";
import { fill, gettext } from "./words.js";

export { Refused };
export const LARGE = 8_000_000; // bytes; from here on a file goes in pieces

export class Sending {
  // report({sent, total, speed, left, words, files, paused}) is called while it goes on.
  constructor({ begin, token, report }) {
    Object.assign(this, { begin, token, report, stopped: false, paused: false, places: null });
    Object.assign(this, { meter: new Meter(), trouble: null, current: null, wake: () => {} });
  }

  // A new import of the items.
  async send(items, { title, folders }) {
    const form = new FormData();
    const size = items.reduce((sum, { file }) => sum + file.size, 0);
    for (const [name, value] of Object.entries({ title, folders, asks: "1", files: items.length, bytes: size })) form.set(name, value);
    this.#expect(items);
    const places = await this.#patiently(() => this.#post(this.begin, form));
    await this.goOn(places, items, []);
  }

  // An import that was begun, of which `here` says what arrived.
  async goOn(places, items, here) {
    this.places = places;
    if (this.stopped) {
      this.#forget();
      throw new Interrupted("stopped");
    }
    this.begun?.(places, items);
    this.#expect(items);
    const missing = without(items, here);
    const received = new Map(missing.map((each) => [each.item, each.received]));
    for (const item of items) this.#note(item, received.get(item) ?? item.file.size);
    this.meter.forget();
    const small = missing.filter(({ item }) => item.file.size < LARGE).map(({ item }) => item);
    for (const batch of batches(small)) await this.#batch(batch);
    for (const each of missing.filter(({ item }) => item.file.size >= LARGE)) await this.#large(each);
    await this.#patiently(() => this.#post(places.seal, new FormData()));
  }

  pause() {
    this.paused = true;
    this.current?.stop();
    this.#tell();
  }

  resume() {
    this.paused = false;
    this.meter.forget();
    this.wake();
    this.#tell();
  }

  // The network went or came: no need to wait until a request finds out.
  lostNetwork() {
    this.current?.stop();
  }

  hasNetwork() {
    this.wake();
  }

  // Stop sending, and let the server forget what it has. `cancelled` says when it has.
  stop() {
    this.stopped = true;
    if (this.places) {
      this.#forget();
      this.current?.stop();
    } // else the import is being begun at this moment: it is forgotten when its number is known
    this.wake();
  }

  #forget() {
    const options = { method: "POST", headers: { "X-CSRFToken": this.token }, redirect: "manual" };
    this.cancelled = fetch(this.places.cancel, options).catch(() => null);
  }

  async #batch(batch) {
    const form = packed(batch);
    const progress = (share) => batch.forEach((item) => this.#note(item, share * item.file.size));
    await this.#patiently(() => this.#post(this.places.files, form, progress), batch);
    batch.forEach((item) => this.#note(item, item.file.size));
  }

  async #large({ item, address }) {
    const file = new LargeFile({ item, address, endpoint: this.places.uploads, token: this.token, progress: (sent) => this.#note(item, sent) });
    await this.#patiently(() => {
      this.current = file;
      return file.send();
    }, [item]);
    this.#note(item, item.file.size);
  }

  // Until it worked, was refused or is stopped. items: what the attempt reads.
  async #patiently(attempt, items = []) {
    for (let inVain = 0; ; inVain++) {
      await this.#mayGo();
      const before = this.sent;
      try {
        const done = await attempt();
        this.trouble = null;
        return done;
      } catch (error) {
        if (this.stopped || !(error instanceof Interrupted)) throw error;
        if (this.paused) continue;
        await checkReadable(items);
        if (this.sent > before) inVain = 0;
        this.trouble = navigator.onLine === false ? new Interrupted("offline") : error;
        this.meter.forget();
        this.#tell();
        await this.#sleep(waitAfter(error.kind, inVain));
      } finally {
        this.current = null;
      }
    }
  }

  async #mayGo() {
    while (this.paused && !this.stopped) await this.#sleep(null);
    if (this.stopped) throw new Interrupted("stopped");
  }

  #sleep(milliseconds) {
    return new Promise((done) => {
      const timer = milliseconds === null ? null : setTimeout(done, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  #expect(items) {
    this.total = items.reduce((sum, { file }) => sum + file.size, 0);
    this.sent = 0;
    this.files = new Map(items.map((item) => [item, item.file.size]));
    this.shares = new Map(items.map((item) => [item, 0]));
  }

  #note(item, sent) {
    if (sent > this.shares.get(item)) this.trouble = null;
    this.sent += sent - this.shares.get(item);
    this.shares.set(item, sent);
    this.meter.note(this.sent);
    this.#tell();
  }

  #tell() {
    const words = this.paused || !this.trouble ? "" : inWords(this.trouble);
    const calm = this.paused || this.trouble;
    const pace = calm ? { speed: 0, left: null } : { speed: this.meter.speed(), left: this.meter.left(this.total) };
    this.report({ sent: this.sent, total: this.total, paused: this.paused, words, shares: this.shares, ...pace });
  }

  // fetch cannot tell how much of a body has gone; XMLHttpRequest can.
  #post(address, form, progress = () => {}) {
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest();
      this.current = { stop: () => request.abort() };
      request.open("POST", address);
      request.setRequestHeader("X-CSRFToken", this.token);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
      request.onload = () => {
        const body = read(request.responseText);
        if (request.status < 300 && body) done(body);
        else fail(troubleOf({ status: request.status, text: request.responseText, address: request.responseURL }));
      };
      request.onerror = request.onabort = () => fail(new Interrupted("lost"));
      request.send(form);
    });
  }
}

// A file that was moved, changed or unplugged looks like a lost connection, but waiting does not help.
async function checkReadable(items) {
  for (const { file, path } of items) {
    try {
      await file.slice(0, 1).arrayBuffer?.();
    } catch {
      throw new Refused(fill(gettext("%(file)s cannot be read any more. Check that it is still there, and choose the same files again."), { file: path }));
    }
  }
}

// What of the items is not here yet, with where to go on and how much is. here: lines of the server's list of uploads.
export function without(items, here) {
  const known = new Map(here.map((file) => [key(file.name, file.fingerprint), file]));
  return items
    .map((item) => ({ item, file: known.get(key(item.path, stampOf(item.file))) }))
    .filter(({ file }) => !file || file.address)
    .map(({ item, file }) => ({ item, address: file?.address ?? null, received: file?.received ?? 0 }));
}

const key = (path, stamp) => `${path.normalize("NFC")}\n${stamp}`;

// Servers cut folders off the names of parts, so the names travel in a list of their own.
export function packed(batch) {
  const form = new FormData();
  form.set("batch", uuid4());
  form.set("paths", JSON.stringify(batch.map(({ path }) => path)));
  form.set("stamps", JSON.stringify(batch.map(({ file }) => stampOf(file))));
  batch.forEach(({ file }, n) => form.append("files", file, String(n)));
  return form;
}
