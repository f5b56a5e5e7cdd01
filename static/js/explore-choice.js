// The images a person has chosen, and the panel that says what can be done with them. Map,
// clusters and list share the one choice; whatever changes it is told as `choice:changed`.
import { toast } from "./toasts.js";
import { uuid4 } from "./uuid.js";
import { fill, gettext, ngettext } from "./words.js";

const SHOWN = 8; // pictures in the panel
const WAIT_MS = 250; // of quiet before the server is asked about the choice

export class Choice {
  #ids = new Set();

  constructor(target = globalThis.document) {
    this.target = target;
  }

  get ids() {
    return [...this.#ids];
  }

  get size() {
    return this.#ids.size;
  }

  has(id) {
    return this.#ids.has(id);
  }

  add(ids) {
    this.#change(() => ids.forEach((id) => this.#ids.add(id)));
  }

  remove(ids) {
    this.#change(() => ids.forEach((id) => this.#ids.delete(id)));
  }

  toggle(id) {
    if (this.has(id)) this.remove([id]);
    else this.add([id]);
  }

  set(ids) {
    this.#change(() => (this.#ids = new Set(ids)));
  }

  clear() {
    this.set([]);
  }

  #change(work) {
    work();
    this.target?.dispatchEvent(new CustomEvent("choice:changed", { detail: { ids: this.ids } }));
  }
}

export const choice = new Choice();

// POST JSON; the reply's JSON. Throws an Error whose message is for the person.
export async function post(url, body, token) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  let response;
  try {
    response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
  } catch {
    throw new Error(gettext("No connection. Nothing was changed; try again."));
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.detail || gettext("That did not work. Reload the page and try again."));
  return told;
}

export class Panel {
  constructor(root, boot, mine = choice) {
    Object.assign(this, { root, boot, choice: mine, facts: null, timer: 0, asked: 0 });
    this.names = new Map(boot.labels.map((label) => [label.id, label.name]));
    document.addEventListener("choice:changed", () => this.changed());
    root.addEventListener("click", (event) => this.pressed(event));
    this.find("export")?.addEventListener("submit", (event) => (event.target.elements.ids.value = this.choice.ids.join(",")));
    this.changed();
  }

  find(name) {
    return this.root.querySelector(`[data-choice-${name}]`);
  }

  changed() {
    const n = this.choice.size;
    this.facts = null;
    this.find("title").textContent = titleWords(n);
    this.find("hint").hidden = n > 0;
    this.find("acts").hidden = n === 0;
    this.find("facts").textContent = "";
    this.find("ask-words").textContent = gettext("Ask for these next");
    this.paintPictures();
    clearTimeout(this.timer);
    if (n) this.timer = setTimeout(() => this.learn(), WAIT_MS);
  }

  paintPictures() {
    const ids = this.choice.ids;
    this.find("pictures").replaceChildren(...ids.slice(0, SHOWN).map((id) => this.picture(id)));
    const more = ids.length - SHOWN;
    this.find("more").hidden = more <= 0;
    this.find("more").textContent = fill(ngettext("and %(n)s more", "and %(n)s more", more), { n: more.toLocaleString("en") });
  }

  picture(id) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.choiceDrop = id;
    button.setAttribute("aria-label", fill(gettext("Take image %(id)s out of the choice"), { id }));
    const picture = document.createElement("img");
    Object.assign(picture, { src: this.root.dataset.thumb.replace("/0/", `/${id}/`), alt: "", loading: "lazy", width: 120, height: 90 });
    button.append(picture);
    return button;
  }

  // Ask the server what people say of the chosen images; an older reply is dropped.
  async learn() {
    const asked = ++this.asked;
    const facts = await this.send("facts").catch(() => null);
    if (!facts || asked !== this.asked) return;
    this.facts = facts;
    this.find("facts").textContent = factWords(facts, this.names);
    const words = ngettext("Ask for this %(n)s next", "Ask for these %(n)s next", facts.askable);
    this.find("ask-words").textContent = facts.askable ? fill(words, { n: facts.askable.toLocaleString("en") }) : gettext("Ask for these next");
  }

  send(what, more = {}) {
    const { dataset } = this.root;
    return post(dataset[`${what}Url`], { ids: this.choice.ids, ...more }, dataset.csrf);
  }

  pressed(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { dataset } = button;
    if (dataset.choiceDrop) this.choice.remove([Number(dataset.choiceDrop)]);
    if ("choiceClear" in dataset) this.choice.clear();
    if ("choiceAsk" in dataset) this.act(button, () => this.ask());
    if ("choiceGrid" in dataset) this.act(button, () => this.toGrid());
    if ("choicePart" in dataset) this.act(button, () => this.toPart());
    if ("choiceGive" in dataset) this.act(button, () => this.give(this.labelsOf(button)));
  }

  labelsOf(button) {
    if (button.value) return [Number(button.value)];
    return [...this.root.querySelectorAll("[data-choice-box]:checked")].map((box) => Number(box.value));
  }

  async act(button, work) {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (error) {
      this.tell([error.message]);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async ask() {
    const done = await this.send("ask");
    const words = ngettext("%(n)s image is asked next.", "%(n)s images are asked next.", done.asked);
    this.tell([fill(words, { n: done.asked.toLocaleString("en") }), ...told(done)]);
  }

  async toGrid() {
    location.assign((await this.send("grid")).page);
  }

  async toPart() {
    const { changed } = await this.send("part");
    const words = changed ? gettext("Rounds learn from these images only, until the settings say otherwise.") : gettext("The part is as it was.");
    this.tell([words]);
  }

  async give(labels) {
    const batch = uuid4();
    const ids = this.choice.ids;
    const done = await this.send("label", { labels, batch });
    const words = fill(ngettext("%(n)s image labeled.", "%(n)s images labeled.", done.labeled), { n: done.labeled.toLocaleString("en") });
    this.tell([words, ...told(done)]);
    if (done.labeled) toast(words, { words: gettext("Undo"), press: () => this.undo(batch) });
    document.dispatchEvent(new CustomEvent("explore:labeled", { detail: { ids, labels, batch } }));
    this.choice.clear();
  }

  async undo(batch) {
    try {
      const done = await this.send("undo", { batch });
      this.tell([fill(ngettext("%(n)s label taken back.", "%(n)s labels taken back.", done.undone), { n: done.undone.toLocaleString("en") })]);
      document.dispatchEvent(new CustomEvent("explore:labeled", { detail: { batch, undone: true } }));
    } catch (error) {
      this.tell([error.message]);
    }
  }

  tell(sentences) {
    this.find("told").textContent = sentences.join(" ");
  }
}

const told = (done) => (done.left_out.length ? [gettext("Left out:"), ...done.left_out] : []);

export function titleWords(n) {
  if (!n) return gettext("No image chosen");
  return fill(ngettext("%(n)s image chosen", "%(n)s images chosen", n), { n: n.toLocaleString("en") });
}

// "31 not labeled · 19 rust · 14 scorch": the open ones first, then labels, most first.
export function factWords(facts, names) {
  const labels = Object.entries(facts.labels).sort(([, a], [, b]) => b - a);
  const parts = labels.slice(0, 5).map(([id, n]) => `${n.toLocaleString("en")} ${names.get(Number(id)) ?? "?"}`);
  if (facts.open) parts.unshift(fill(gettext("%(n)s not labeled"), { n: facts.open.toLocaleString("en") }));
  if (facts.audit) parts.push(fill(gettext("%(n)s audit"), { n: facts.audit.toLocaleString("en") }));
  return parts.join(" · ");
}

const root = globalThis.document?.querySelector("[data-choice]");
if (root) new Panel(root, JSON.parse(document.getElementById("explore-boot").textContent));
