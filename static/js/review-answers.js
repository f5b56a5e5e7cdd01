// Answers given on the review page: counted at once, sent one after the other in the background.
import { same } from "./review-numbers.js";
import { uuid4 } from "./uuid.js";
import { gettext } from "./words.js";

async function post(url, fields, token) {
  const body = new URLSearchParams(fields);
  const response = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token } });
  const told = await response.json().catch(() => ({}));
  if (response.ok) return told;
  throw new Error(told.detail || gettext("The answer was not stored. Reload the page and try again."));
}

export class Answers {
  #before = []; // what Undo goes back to
  #sending = Promise.resolve();

  // `urls` {answer, undo, send}; `failed(words)` is called when the server refuses or is away.
  constructor(data, urls, token, failed, send = post) {
    Object.assign(this, { data, urls, token, failed, send });
    this.looked = new Set(data.looked);
    this.corrected = new Set(data.corrected);
    this.sent = new Set(data.sent ?? []); // images that wait for another person
    this.loaded = data.truth.map((labels) => [...labels]);
    this.wasCorrected = new Set(data.corrected);
  }

  get canUndo() {
    return this.#before.length > 0;
  }

  // Images whose labels are others by now than when the page came: [[image, labels then], …].
  get changed() {
    return this.loaded.map((labels, i) => [i, labels]).filter(([i, labels]) => !same(labels, this.data.truth[i]));
  }

  // More images came: what they were like.
  know(from) {
    for (let i = from; i < this.data.truth.length; i++) this.loaded[i] = [...this.data.truth[i]];
  }

  // Image i carries these labels, says the reviewer. Steps of one group are undone together.
  give(i, labels, uuid = uuid4(), group = uuid) {
    const image = this.data.images[i];
    const step = { i, uuid, group, truth: this.data.truth[i], looked: this.looked.has(image), corrected: this.corrected.has(image) };
    this.#before.push(step);
    this.data.truth[i] = labels;
    this.looked.add(image);
    if (!same(labels, this.loaded[i])) this.corrected.add(image);
    else if (!this.wasCorrected.has(image)) this.corrected.delete(image);
    const fields = [["image", image], ["uuid", uuid], ...labels.map((label) => ["labels", label])];
    this.#queue(() => this.send(this.urls.answer, fields, this.token), () => this.#forget(step));
  }

  // Ask another person about these images. `told(words)` hears what could not be sent, and why.
  sendAway(list, told, group = uuid4()) {
    const fresh = list.filter((i) => !this.sent.has(this.data.images[i]));
    const images = fresh.map((i) => this.data.images[i]);
    if (!images.length) return;
    const step = { i: fresh[0], images, group };
    this.#before.push(step);
    for (const image of images) this.sent.add(image);
    this.#queue(async () => {
      const reply = await this.send(this.urls.send, [["images", images.join(",")]], this.token);
      const left = images.filter((image) => !(reply?.images ?? images).includes(image));
      for (const image of left) this.sent.delete(image);
      if (left.length) told(reply.detail, images.length - left.length);
    }, () => this.#forget(step));
  }

  // Take the last answer back, or the last ones if they were given together; returns its image,
  // or null.
  undo() {
    const { group } = this.#before.at(-1) ?? {};
    let last = null;
    while (this.#before.length && this.#before.at(-1).group === group) last = this.#undoOne(this.#before.pop());
    return last;
  }

  #undoOne(step) {
    this.#restore(step);
    const body = step.images ? [["images", step.images.join(",")], ["back", "1"]] : [["uuid", step.uuid]];
    this.#queue(() => this.send(step.images ? this.urls.send : this.urls.undo, body, this.token), () => {});
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
    if (step.images) {
      this.#restore(step);
      return;
    }
    // A later answer on the same image stands; Undo now leads past the refused one.
    const later = this.#before.find((each, i) => i >= at && each.i === step.i && !each.images);
    if (later) Object.assign(later, { truth: step.truth, looked: step.looked, corrected: step.corrected });
    else this.#restore(step);
  }

  #restore({ i, truth, looked, corrected, images }) {
    if (images) {
      for (const sent of images) this.sent.delete(sent);
      return;
    }
    const image = this.data.images[i];
    this.data.truth[i] = truth;
    if (!looked) this.looked.delete(image);
    this.corrected[corrected ? "add" : "delete"](image);
  }
}
