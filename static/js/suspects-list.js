// The suspects a page knows: which is shown, which are chosen, what was decided and its way back.
// Decisions are painted at once and sent one after the other; a refused one comes back.

export class Suspects {
  #past = []; // decisions made here, newest last; each is a list of parts that were sent alone
  #sending = Promise.resolve();
  #order; // where each belongs: the worst first

  // send(kind, fields) resolves to the server's reply or throws; failed(words) tells it.
  constructor(each, send, failed = () => {}) {
    Object.assign(this, { each: [...each], send, failed, at: 0 });
    this.chosen = new Set(); // ids of images
    this.#order = new Map(each.map((one, at) => [one, at]));
  }

  get now() {
    return this.each[this.at] ?? null;
  }

  // What a key acts on: the chosen ones, else the one shown.
  get meant() {
    const chosen = this.each.filter((one) => this.chosen.has(one.image));
    if (chosen.length) return chosen;
    return this.now ? [this.now] : [];
  }

  step(by) {
    this.at = Math.max(0, Math.min(this.each.length - 1, this.at + by));
  }

  show(image) {
    const at = this.each.findIndex((one) => one.image === image);
    if (at >= 0) this.at = at;
  }

  toggle(image) {
    if (!this.chosen.delete(image)) this.chosen.add(image);
  }

  chooseAll() {
    const all = this.chosen.size === this.each.length;
    this.chosen = new Set(all ? [] : this.each.map((one) => one.image));
  }

  // Give labels: labelsOf(one) → ids, or null to leave it. Each image is an answer of its own.
  relabel(labelsOf, uuid) {
    const given = this.meant.map((one) => ({ one, labels: labelsOf(one) })).filter(({ labels }) => labels);
    const parts = given.map(({ one, labels }) => {
      const id = uuid();
      const fields = [["image", one.image], ["uuid", id], ...labels.map((label) => ["labels", label])];
      return { images: [one], kind: "answer", fields, back: ["undo", [["uuid", id]]] };
    });
    return this.#decide(parts);
  }

  // The labels are right ("confirm"), or somebody else is asked ("send"): all in one.
  settle(kind) {
    const images = this.meant.filter((one) => kind !== "confirm" || !one.sides.length);
    const fields = images.map((one) => ["images", one.image]);
    const back = kind === "confirm" ? ["doubt", fields] : ["send", [...fields, ["take_back", 1]]];
    return this.#decide(images.length ? [{ images, kind, fields, back }] : []);
  }

  // Take the last decision back; its images.
  undo() {
    const parts = this.#past.pop() ?? [];
    for (const part of [...parts].reverse()) {
      this.#restore(part);
      this.#queue(part.back, () => this.#away(part.images));
    }
    const images = parts.flatMap((part) => part.images);
    if (images.length) this.show(images[0].image);
    return images;
  }

  settled() {
    return this.#sending;
  }

  #decide(parts) {
    if (parts.length) this.#past.push(parts);
    for (const part of parts) {
      this.#away(part.images);
      this.#queue([part.kind, part.fields], () => this.#forget(parts, part));
    }
    return parts.flatMap((part) => part.images);
  }

  // Take images off the list; the next one is shown.
  #away(images) {
    const shown = this.now;
    this.each = this.each.filter((one) => !images.includes(one));
    for (const one of images) this.chosen.delete(one.image);
    const still = this.each.indexOf(shown);
    this.at = still >= 0 ? still : Math.max(0, Math.min(this.at, this.each.length - 1));
  }

  #restore({ images }) {
    const shown = this.now;
    this.each = [...new Set([...this.each, ...images])].sort((a, b) => this.#order.get(a) - this.#order.get(b));
    this.at = Math.max(0, this.each.indexOf(shown));
  }

  #queue([kind, fields], revert) {
    this.#sending = this.#sending
      .then(() => this.send(kind, fields))
      .catch((error) => {
        revert();
        this.failed(error.message);
      });
  }

  #forget(parts, part) {
    parts.splice(parts.indexOf(part), 1);
    if (!parts.length) this.#past = this.#past.filter((each) => each !== parts);
    this.#restore(part);
  }
}
