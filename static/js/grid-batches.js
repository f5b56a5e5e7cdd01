// The pages that were confirmed, newest first: Z takes back the last one that still stands.

export class Batches {
  #takenBack = new Map();

  // list: [{batch, label, answers, page?}]; `page` only where it was confirmed since the page opened.
  constructor(list = []) {
    this.list = [...list];
  }

  get last() {
    return this.list[0] ?? null;
  }

  add(confirmed) {
    this.list.unshift(confirmed);
  }

  // It does not stand any more. Its page is remembered until the server has answered.
  takeBack(batch) {
    const found = this.list.find((each) => each.batch === batch);
    this.list = this.list.filter((each) => each.batch !== batch);
    if (found?.page) this.#takenBack.set(batch, found.page);
    return found ?? null;
  }

  // The page of a batch that was taken back, told once.
  pageOf(batch) {
    const page = this.#takenBack.get(batch) ?? null;
    this.#takenBack.delete(batch);
    return page;
  }

  // After a reload: what the outbox still holds stands, what it takes back does not.
  replay(entries) {
    for (const { kind, uuid, label, body } of entries) {
      if (kind === "grid" && body.answers.length) this.add({ batch: uuid, label, answers: body.answers.length });
      if (kind === "grid-undo") this.takeBack(body.batch);
    }
  }
}
