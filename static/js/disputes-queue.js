// The disputes a page knows: which is shown, which were decided, what goes back to the server.
// Decisions are painted at once and sent one after the other; a refused one comes back.

export class Disputes {
  #past = []; // decided here, newest last
  #seen; // images that were ever on this page
  #sending = Promise.resolve();

  // send(kind, fields) → the server's reply, an error where it refused; failed(words) tells it.
  constructor(cases, send, { failed = () => {}, told = () => {} } = {}) {
    Object.assign(this, { cases: [...cases], send, failed, told });
    this.#seen = new Set(cases.map((each) => each.image));
  }

  get now() {
    return this.cases[0] ?? null;
  }

  get next() {
    return this.cases[1] ?? null;
  }

  // The newest decision of this page, which Undo takes back.
  get last() {
    return this.#past.at(-1) ?? null;
  }

  // Images the server need not name again.
  get known() {
    return [...this.#seen].slice(-100);
  }

  // The reviewer's answer on the case shown: { labels: [ids] } or { skip: reason }.
  decide(answer, uuid) {
    const decided = { uuid, case: this.cases.shift(), answer };
    this.#past.push(decided);
    const fields = [["image", decided.case.image], ["uuid", uuid]];
    if (answer.skip) fields.push(["skip", answer.skip]);
    else for (const label of answer.labels) fields.push(["labels", label]);
    this.#queue("settle", fields, (reply) => this.told(decided, reply), (error) => this.#forget(decided, error));
    return decided;
  }

  // Take the last decision back; its case is shown again.
  undo() {
    const last = this.#past.pop();
    if (!last) return null;
    this.cases.unshift(last.case);
    this.#queue("undo", [["uuid", last.uuid]], () => {}, () => this.#keep(last));
    return last;
  }

  // Show the case again after all others that are known.
  later() {
    if (this.cases.length > 1) this.cases.push(this.cases.shift());
  }

  add(cases) {
    const here = new Set([...this.cases, ...this.#past.map((each) => each.case)].map((each) => each.image));
    for (const each of cases) {
      if (!here.has(each.image)) this.cases.push(each);
      this.#seen.add(each.image);
    }
  }

  settled() {
    return this.#sending;
  }

  #queue(kind, fields, done, revert) {
    this.#sending = this.#sending
      .then(() => this.send(kind, fields))
      .then(done)
      .catch((error) => {
        revert(error);
        this.failed(error.message);
      });
  }

  // A refused decision is no longer the page's; without a connection its case comes back.
  #forget(decided, error) {
    const at = this.#past.indexOf(decided);
    if (at < 0) return;
    this.#past.splice(at, 1);
    if (!error.code) this.cases.unshift(decided.case);
  }

  // An undo that failed: the decision stands.
  #keep(decided) {
    this.cases = this.cases.filter((each) => each !== decided.case);
    this.#past.push(decided);
  }
}
