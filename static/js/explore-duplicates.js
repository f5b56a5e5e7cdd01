// Groups of near-duplicates: which one to keep, label them together, or say that they differ.
import { choice, post } from "./explore-choice.js";
import { toast } from "./toasts.js";
import { gettext } from "./words.js";

export const idsOf = (group) => group.dataset.ids.split(",").map(Number);

// The group to go to when `at` was decided about: the next open one, else one before it.
export function nextOpen(groups, at) {
  const open = (group) => !("done" in group.dataset);
  return groups.slice(at + 1).find(open) ?? groups.slice(0, at).reverse().find(open) ?? null;
}

class Twins {
  constructor(root) {
    Object.assign(this, { root, decided: [], at: null });
    this.groups = [...root.querySelectorAll("[data-twin]")];
    this.undoButton = document.querySelector("[data-twins-undo]");
    root.addEventListener("click", (event) => this.pressed(event));
    root.addEventListener("focusin", (event) => this.meet(event.target.closest("[data-twin]")));
    root.addEventListener("keydown", (event) => this.walked(event));
    for (const button of document.querySelectorAll("[data-twins-key]")) {
      button.addEventListener("click", () => this.decide(this.at ?? this.groups[0], button.dataset.twinsKey));
    }
    this.undoButton?.addEventListener("click", () => this.undo());
    document.addEventListener("explore:labeled", (event) => this.labeled(event.detail));
    this.at = this.groups[0] ?? null;
  }

  meet(group) {
    if (group) this.at = group;
  }

  pressed(event) {
    const group = event.target.closest("[data-twin]");
    if (!group) return;
    this.meet(group);
    const image = event.target.closest("[data-twin-image]");
    if (image) this.mark(group, image);
    const act = event.target.closest("[data-twin-act]")?.dataset.twinAct;
    if (act === "together") choice.set(idsOf(group));
    else if (act) this.decide(group, act);
  }

  mark(group, image) {
    for (const each of group.querySelectorAll("[data-twin-image]")) {
      each.classList.toggle("kept", each === image);
      each.setAttribute("aria-pressed", String(each === image));
    }
  }

  walked(event) {
    const group = event.target.closest("[data-twin]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!group || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.groups[this.groups.indexOf(group) + step]?.focus();
  }

  async decide(group, verdict) {
    if (!group || "done" in group.dataset) return;
    const kept = Number(group.querySelector(".kept").dataset.twinImage);
    const body = { ids: idsOf(group), verdict, kept };
    const words = verdict === "ignore" ? gettext("They differ: not shown again.") : gettext("One is kept; the others are not asked.");
    try {
      const told = await post(this.root.dataset.decide, body, this.token);
      this.decided.push({ group, decision: told.decision });
      this.close(group, words);
      toast(words, { words: gettext("Undo"), press: () => this.undo() });
    } catch (error) {
      toast(error.message);
    }
  }

  close(group, words) {
    group.dataset.done = "";
    group.querySelector("[data-twin-told]").textContent = words;
    for (const button of group.querySelectorAll("button")) button.disabled = true;
    if (this.undoButton) this.undoButton.disabled = !this.decided.length;
    nextOpen(this.groups, this.groups.indexOf(group))?.focus();
  }

  open(group) {
    delete group.dataset.done;
    group.querySelector("[data-twin-told]").textContent = "";
    for (const button of group.querySelectorAll("button")) button.disabled = false;
    group.focus();
  }

  async undo() {
    const last = this.decided.pop();
    if (!last) return;
    try {
      await post(this.root.dataset.undo, { decision: last.decision }, this.token);
      this.open(last.group);
    } catch (error) {
      this.decided.push(last);
      toast(error.message);
    }
    this.undoButton.disabled = !this.decided.length;
  }

  labeled({ ids, undone, batch }) {
    for (const group of this.groups) {
      if (!undone && ids && idsOf(group).every((id) => ids.includes(id))) {
        group.dataset.batch = batch;
        this.close(group, gettext("Labeled together."));
      } else if (undone && group.dataset.batch === batch) this.open(group);
    }
  }

  get token() {
    return document.querySelector("[data-choice]").dataset.csrf;
  }
}

const root = globalThis.document?.querySelector("[data-twins]");
if (root) new Twins(root);
