// What is kept on this device and not at the server: look at it, save it as a file, let go of it.
import { answerWords } from "./label-words.js";
import { fill, gettext, ngettext } from "./words.js";

// The file: answers as the API takes them (POST them as a list), and undos by UUID.
export function fileOf(entries, { project, saved }) {
  const answers = entries.filter((entry) => entry.kind === "answer");
  const pages = entries.filter((entry) => entry.kind === "grid");
  const undos = entries.filter((entry) => entry.kind === "undo");
  const inGrid = pages.flatMap(({ body }) => body.answers.map((each) => ({ ...each, batch: body.batch })));
  return {
    project,
    saved,
    answers: [...answers.map((entry) => entry.body), ...inGrid],
    undos: undos.map((entry) => ({ uuid: entry.uuid, undo: entry.body.undo })),
    images: Object.fromEntries(answers.map((entry) => [entry.body.item, entry.question?.name ?? ""])),
  };
}

function wordsOf(entry) {
  if (entry.kind.endsWith("undo")) return gettext("undo");
  if (entry.kind === "grid") return fill(ngettext("%(n)s answer of a grid", "%(n)s answers of a grid", entry.body.answers.length), { n: entry.body.answers.length });
  return answerWords({ labels: entry.given?.labels ?? [], skip: entry.given?.skip ?? null });
}

function save(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
  link.download = `labeler-answers-${file.project}-${file.saved.slice(0, 19).replace(/\D/g, "")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export class Kept {
  // dialog: the page's [data-kept]; entries() → what the outbox holds; discard(entry) lets go of one.
  constructor(dialog, { project, entries, discard }) {
    Object.assign(this, { dialog, project, entries, discard });
    dialog.querySelector("[data-kept-save]").addEventListener("click", () => this.#save());
    dialog.querySelector("[data-kept-discard]").addEventListener("click", () => this.#discardAll());
    dialog.addEventListener("close", () => this.#ask(false));
  }

  open() {
    this.paint();
    this.dialog.showModal();
  }

  // The list, as it is now; the dialog closes when nothing is left.
  paint() {
    const entries = this.entries();
    this.dialog.querySelector("[data-kept-list]").replaceChildren(...entries.map((entry) => this.#row(entry)));
    if (!entries.length && this.dialog.open) this.dialog.close();
  }

  #row(entry) {
    const row = this.dialog.querySelector("template").content.firstElementChild.cloneNode(true);
    const name = entry.question?.name ?? "";
    row.querySelector("[data-name]").textContent = name;
    row.querySelector("[data-words]").textContent = wordsOf(entry);
    row.querySelector("[data-why-not]").textContent = entry.refused || gettext("waiting");
    const drop = row.querySelector("button");
    drop.setAttribute("aria-label", fill(gettext("Discard the answer on %(name)s"), { name }));
    drop.addEventListener("click", () => this.discard(entry));
    return row;
  }

  #save() {
    save(fileOf(this.entries(), { project: this.project, saved: new Date().toISOString() }));
  }

  // The first press asks, the second discards.
  async #discardAll() {
    if (!this.asked) return this.#ask(true);
    for (const entry of [...this.entries()]) await this.discard(entry);
    this.dialog.close();
  }

  #ask(asked) {
    const button = this.dialog.querySelector("[data-kept-discard]");
    this.asked = asked;
    button.textContent = asked ? gettext("Discard them for good") : gettext("Discard all");
  }
}
