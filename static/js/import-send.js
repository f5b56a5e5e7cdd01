// Sends the files of one import: begin, batch after batch, seal. A batch that fails is sent again.

import { batches } from "./import-files.js";

const WAITS_MS = [1000, 3000, 8000, 20000];

// What the server said no to, in its own words.
export class Refused extends Error {}

export class Sending {
  constructor({ begin, token, report }) {
    Object.assign(this, { begin, token, report, stopped: false, request: null, cancelAt: "" });
  }

  async send(items, { title, folders }) {
    const form = new FormData();
    form.set("title", title);
    form.set("folders", folders);
    const total = items.reduce((sum, { file }) => sum + file.size, 0);
    const addresses = await this.#post(this.begin, form);
    this.cancelAt = addresses.cancel;
    let sent = 0;
    for (const batch of batches(items)) {
      const size = batch.reduce((sum, { file }) => sum + file.size, 0);
      await this.#patiently(addresses.files, packed(batch), (part) => this.report(sent + part * size, total));
      sent += size;
      this.report(sent, total);
    }
    await this.#patiently(addresses.seal, new FormData());
  }

  // Stop sending, and let the server forget what it has.
  async stop() {
    this.stopped = true;
    this.request?.abort();
    if (this.cancelAt) await fetch(this.cancelAt, { method: "POST", headers: { "X-CSRFToken": this.token }, redirect: "manual" });
  }

  async #patiently(address, form, progress) {
    for (const wait of [...WAITS_MS, null]) {
      try {
        return await this.#post(address, form, progress);
      } catch (error) {
        if (this.stopped || error instanceof Refused || wait === null) throw error;
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  // fetch cannot tell how much of a body has gone; XMLHttpRequest can.
  #post(address, form, progress = () => {}) {
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("POST", address);
      request.setRequestHeader("X-CSRFToken", this.token);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
      request.onload = () => {
        const body = read(request.responseText);
        if (request.status < 300 && body) done(body);
        else if (body?.detail) fail(new Refused(body.detail));
        else if (request.status >= 400 && request.status < 500) fail(new Refused("The server did not take it. Reload the page and try again."));
        else fail(new Error(`status ${request.status}`));
      };
      request.onerror = request.onabort = () => fail(new Error("no connection"));
      request.send(form);
    });
  }
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Servers cut folders off the names of parts, so the names travel in a list of their own.
export function packed(batch) {
  const form = new FormData();
  form.set("batch", crypto.randomUUID?.() ?? randomId());
  form.set("paths", JSON.stringify(batch.map(({ path }) => path)));
  batch.forEach(({ file }, n) => form.append("files", file, String(n)));
  return form;
}

// crypto.randomUUID is missing where the page is served without https.
function randomId() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("");
}
