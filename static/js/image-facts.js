// What the server tells of an image's file: names, size, camera data. Asked for once per image.

const KEPT = 50;

export class Facts {
  #asked = new Map(); // image → a promise of its facts

  // address: image → where its facts are.
  constructor(address) {
    this.address = address;
  }

  of(image) {
    if (!this.#asked.has(image)) {
      if (this.#asked.size >= KEPT) this.#asked.clear();
      const coming = this.#ask(image);
      this.#asked.set(image, coming);
      coming.catch(() => this.#asked.delete(image)); // the next one asks again
    }
    return this.#asked.get(image);
  }

  async #ask(image) {
    const answer = await fetch(this.address(image), { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`The facts of the image answered ${answer.status}.`);
    return answer.json();
  }
}
