// What lies on the desk: the question asked now, the ones fetched ahead, the last answers.
// No page and no network in here; every function says what changed and the caller paints it.

const MOST_ANSWERS = 50;

export class Desk {
  constructor({ ready = [], strip = [] } = {}) {
    this.ready = [];
    this.strip = strip.map((answer) => ({ ...answer, state: "saved" }));
    this.current = null;
    this.walk = null; // place in the strip while walking it
    this.answered = new Set(); // items answered here: a late claim must not bring them back
    this.add(ready);
  }

  // The question on the stage.
  get shown() {
    return this.walk === null ? this.current : this.strip[this.walk].question;
  }

  // The answer that is being looked at again, or null.
  get changing() {
    return this.walk === null ? null : this.strip[this.walk];
  }

  // Put newly claimed questions behind the ones that wait; known ones are left where they are.
  add(questions) {
    const known = new Map([this.current, ...this.ready].filter(Boolean).map((question) => [question.image, question]));
    const fresh = questions.filter((question) => !known.has(question.image) && !this.answered.has(question.item));
    for (const { image, item } of questions) {
      if (known.has(image)) known.get(image).item = item; // an undo may ask the same by another item
    }
    this.ready.push(...fresh);
    this.current ??= this.ready.shift() ?? null;
    return fresh;
  }

  // A way back to how the desk lies now, should the next step not be kept.
  bookmark() {
    const { current, walk, shown } = this;
    const [ready, strip] = [[...this.ready], [...this.strip]];
    const answered = this.answered.has(shown?.item);
    return () => {
      Object.assign(this, { current, walk, ready, strip });
      if (!answered) this.answered.delete(shown?.item);
    };
  }

  // Answer what is shown: the next question takes its place, or the old answer is changed.
  answer(given) {
    const question = this.shown;
    const answer = { ...given, question, state: "saving" };
    this.answered.add(question.item);
    if (this.walk !== null) {
      this.strip[this.walk] = answer;
    } else {
      this.strip.unshift(answer);
      this.strip.length = Math.min(this.strip.length, MOST_ANSWERS);
      this.current = this.ready.shift() ?? null;
    }
    return answer;
  }

  // Take back the last answer, or the one that is looked at; its question is asked again now.
  undo() {
    const place = this.walk ?? 0;
    const [answer] = this.strip.splice(place, 1);
    this.walk = null;
    if (!answer) return null;
    if (this.current) this.ready.unshift(this.current);
    this.current = answer.question;
    this.answered.delete(answer.question.item);
    return answer;
  }

  // Walk towards older (+1) or newer (-1) answers; walking past the newest returns to the question.
  step(by) {
    const place = (this.walk ?? -1) + by;
    if (place >= this.strip.length) return false;
    this.walk = place < 0 ? null : place;
    return true;
  }

  goTo(uuid) {
    const place = this.strip.findIndex((answer) => answer.uuid === uuid);
    if (place >= 0) this.walk = place;
    return place >= 0;
  }

  back() {
    const walked = this.walk !== null;
    this.walk = null;
    return walked;
  }

  mark(uuid, state) {
    const answer = this.strip.find((each) => each.uuid === uuid);
    if (answer) answer.state = state;
    return Boolean(answer);
  }

  // An answer that came too late disappears from the strip.
  drop(uuid) {
    const place = this.strip.findIndex((answer) => answer.uuid === uuid);
    if (place < 0) return false;
    this.strip.splice(place, 1);
    if (this.walk !== null && this.walk >= place) this.walk = this.walk === place ? null : this.walk - 1;
    return true;
  }

  // Take away what an older model ranked, but for the very next question: it may be seen any moment.
  outdated(version) {
    const old = (question) => !question.why.audit && (question.why.model_version ?? 0) < version;
    const [next, ...rest] = this.ready;
    const gone = rest.filter(old);
    this.ready = next ? [next, ...rest.filter((question) => !old(question))] : [];
    return gone.map((question) => question.item);
  }

  // The items that wait here for an answer.
  get waiting() {
    return [this.current, ...this.ready].filter(Boolean).map((question) => question.item);
  }

  // Take away items that are no longer this person's; whether the one asked now was among them.
  lose(items) {
    const lost = new Set(items);
    this.ready = this.ready.filter((question) => !lost.has(question.item));
    if (!this.current || !lost.has(this.current.item)) return false;
    this.current = this.ready.shift() ?? null;
    return true;
  }

  // After a reload: what the outbox still holds is answered already, what it takes back is not.
  replay(entries) {
    for (const entry of entries) {
      if (entry.kind === "undo") {
        this.drop(entry.body.undo);
      } else if (entry.kind === "grid") {
        for (const { item } of entry.body.answers) this.answered.add(item);
      } else if (entry.kind === "answer") {
        this.answered.add(entry.body.item);
        this.drop(entry.replaces);
        this.strip.unshift({ ...entry.given, uuid: entry.uuid, question: entry.question, state: "kept" });
      }
    }
    const waiting = [this.current, ...this.ready].filter((question) => question && !this.answered.has(question.item));
    this.current = waiting.shift() ?? null;
    this.ready = waiting;
  }
}
