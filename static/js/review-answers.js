// Answers given on the review page: counted at once, sent one after the other in the background.
import { same } from "./review-numbers.js";
import { uuid4 } from "./uuid.js";
import { gettext } from "./words.js";

async function post(url, fields, token) {
  const body = new URLSearchParams(fields);
  const response = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token } });
  if (response.ok) return;
  const told = await response.json().catch(() => ({}));
  throw new Error(told.detail || gettext("The answer was not stored. Reload the page and try again."));
}

export class Answers {
  #before = []; // what Undo goes back to
  #sending = Promise.resolve();

  // `urls` {answer, undo}; `failed(words)` is called when the server refuses or is away.
  constructor(data, urls, token, failed, send = post) {
    Object.assign(this, { data, urls, token, failed, send });
    this.looked = new Set(data.looked);
    this.corrected = new Set(data.corrected);
    this.loaded = data.truth.map((labels) => [...labels]);
    this.wasCorrected = new Set(data.corrected);
  }

  get canUndo() {
    return this.#before.length > 0;
  }

  // Image i carries these labels, says the reviewer.
  give(i, labels, uuid = uuid4()) {
    const image = this.data.images[i];
    const step = { i, uuid, truth: this.data.truth[i], looked: this.looked.has(image), corrected: this.corrected.has(image) };
    this.#before.push(step);
    this.data.truth[i] = labels;
    this.looked.add(image);
    if (!same(labels, this.loaded[i])) this.corrected.add(image);
    else if (!this.wasCorrected.has(image)) this.corrected.delete(image);
    const fields = [["image", image], ["uuid", uuid], ...labels.map((label) => ["labels", label])];
    this.#queue(() => this.send(this.urls.answer, fields, this.token), () => this.#forget(step));
  }

  // Take the last answer back; returns its image, or null.
  undo() {
    const step = this.#before.pop();
    if (!step) return null;
    this.#restore(step);
    this.#queue(() => this.send(this.urls.undo, [["uuid", step.uuid]], this.token), () => {});
    return step.i;
  }

  // When everything given so far is stored or refused.
  settled() {
    return this.#sending;
  }

  #queue(send, revert) {
    this.#sending = this.#sending.then(send).catch((error) => {
      revert();
      this.failed(error.message);
    });
  }

  #forget(step) {
    const at = this.#before.indexOf(step);
    if (at < 0) return;
    this.#before.splice(at, 1);
    // A later answer on the same image stands; Undo now leads past the refused one.
    const later = this.#before.find((each, i) => i >= at && each.i === step.i);
    if (later) Object.assign(later, { truth: step.truth, looked: step.looked, corrected: step.corrected });
    else this.#restore(step);
  }

  #restore({ i, truth, looked, corrected }) {
    const image = this.data.images[i];
    this.data.truth[i] = truth;
    if (!looked) this.looked.delete(image);
    this.corrected[corrected ? "add" : "delete"](image);
  }
}
