// A label added in passing, here or by somebody else: the answers are asked for again and
// put in place, without a reload and without touching what stands there already.
import { giveWay } from "./keys.js";
import { pressAnswer } from "./label-search.js";
import { toast } from "./toasts.js";
import { fill, gettext } from "./words.js";

const PATIENCE_MS = 15_000;

// Ask the server for the label; it is made, or is there already. Throws an Error in plain words.
export async function addLabel(url, name, csrf, send = fetch) {
  let response;
  try {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf, Accept: "application/json" };
    response = await send(url, { method: "POST", headers, body: JSON.stringify({ name }), redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Error(gettext("No connection: the label was not added. Try again."));
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return { ...body, made: response.status === 201 };
  const words = body.errors?.map((error) => error.message).join(" ") || body.detail;
  throw new Error(words || gettext("The label was not added. Reload the page and try again."));
}

// What an answer says and which key it has: where both are the same, the old element stays.
export function sameAnswer(old, fresh) {
  const told = (answer) => [answer.querySelector(".label-name").textContent, (answer.querySelector("input") ?? answer).dataset.ownKey ?? ""].join("\n");
  return told(old) === told(fresh);
}

// The fresh answers, each replaced by the one on the page where nothing about it changed.
export function merged(there, fresh) {
  const byLabel = new Map(there.map((answer) => [answer.dataset.label, answer]));
  return fresh.map((answer) => {
    const old = byLabel.get(answer.dataset.label);
    return old && sameAnswer(old, answer) ? old : answer;
  });
}

class Adding {
  constructor(root, desk) {
    this.root = root;
    this.desk = desk;
    this.box = root.querySelector("[data-answering]");
    this.refreshing = null;
  }

  // Add, show it, and answer the image that was on the stage when it was typed.
  async add(name, done) {
    const question = this.desk.question();
    try {
      const label = await addLabel(this.box.dataset.add, name, this.desk.server.csrf);
      await this.refresh();
      done();
      toast(label.made ? fill(gettext("“%(name)s” is a label now."), label) : fill(gettext("“%(name)s” was a label already."), label));
      if (question && question === this.desk.question()) pressAnswer(this.root, label.id);
    } catch (error) {
      toast(error.message);
    }
  }

  // One request at a time: who asks meanwhile waits for it and then asks again.
  async refresh() {
    while (this.refreshing) await this.refreshing;
    this.refreshing = this.fetchAnswers().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  async fetchAnswers() {
    const response = await fetch(this.box.dataset.refresh, { redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(gettext("The labels could not be read again. Reload the page."));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    this.put(page.querySelector("[data-answering]"));
  }

  put(fresh) {
    const [list, news] = [this.box, fresh].map((box) => box.querySelector("[data-answers-list]"));
    list.replaceChildren(...merged([...list.children], [...news.children]));
    list.className = news.className;
    this.box.dataset.labelsVersion = fresh.dataset.labelsVersion;
    const [finder, its] = [this.box, fresh].map((box) => box.querySelector("[data-finder]"));
    finder.className = its.className;
    if (!finder.contains(document.activeElement)) finder.hidden = its.hidden;
    const open = this.root.dataset.state === "ready";
    for (const control of list.querySelectorAll("[data-answer]")) control.disabled = !open;
    giveWay(document);
    this.root.dispatchEvent(new CustomEvent("desk:relabeled"));
  }

  heard(version) {
    if (version !== this.box.dataset.labelsVersion && !this.refreshing) this.refresh().catch(() => {});
  }
}

// desk: {server, question()}, as the label page gives it.
export function attach(root, desk) {
  if (!root.querySelector("[data-answering]")) return;
  const adding = new Adding(root, desk);
  giveWay(document);
  root.addEventListener("find:add", ({ detail }) => adding.add(detail.name, detail.done));
  addEventListener("desk:labels", (event) => adding.heard(event.detail));
}
