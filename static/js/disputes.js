// The page of disagreements: one image, what people said, one key to decide, the next image.
import { Disputes } from "./disputes-queue.js";
import { toast } from "./toasts.js";
import { uuid4 } from "./uuid.js";
import { fill, gettext, ngettext } from "./words.js";

const LOW = 5; // cases left when more are asked for
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const desk = $("[data-disputes]");
const data = JSON.parse($("#disputes-data").textContent);
const token = $("input[name=csrfmiddlewaretoken]").value;
const labels = new Map(data.labels.map((label) => [label.id, label]));
const chosen = new Set(); // multi-label: what the reviewer has toggled
let asking = false;
let dry = false; // the server has no more

async function post(kind, fields) {
  const body = new URLSearchParams(fields);
  const reply = await fetch(desk.dataset[kind], { method: "POST", body, headers: { "X-CSRFToken": token } }).catch(() => null);
  if (!reply) throw new Error(gettext("No connection. Nothing was changed; try again."));
  const told = await reply.json().catch(() => ({}));
  if (reply.ok) return told;
  if (told.waiting !== undefined) paintWaiting(told.waiting);
  throw Object.assign(new Error(told.detail || gettext("The answer was not stored. Reload the page and try again.")), { code: told.code });
}

const queue = new Disputes(data.cases, post, {
  failed(words) {
    toast(words);
    paint();
  },
  told(decided, reply) {
    paintWaiting(reply.waiting);
    decided.sides = reply.sides;
    paintLast();
    ask();
  },
});

const names = (ids) => (ids.length ? ids.map((id) => labels.get(id)?.name ?? "?").join(", ") : gettext("none of them"));
const answered = ({ skip, labels: ids }) => (skip ? gettext("not of this kind") : names(ids));

// ---- painting ----

function labelIn(id) {
  const made = $("#label-in-side").content.firstElementChild.cloneNode(true);
  const label = labels.get(id);
  $(".mk", made).setAttribute("class", `mk c${label.mark} l${id}`);
  $("use", made).setAttribute("href", `#m${label.mark}`);
  $("b", made).textContent = label.name;
  return made;
}

function side({ labels: ids, people }, at) {
  const made = $("#side").content.firstElementChild.cloneNode(true);
  made.dataset.side = at;
  $(".what", made).append(...(ids.length ? ids.map(labelIn) : [gettext("none of them")]));
  $(".small", made).textContent = fill(ngettext("%(n)s person", "%(n)s people", people), { n: people });
  // With one label per image the label's own key decides; a button below has it.
  const own = data.multi ? null : $(`[data-label="${ids[0]}"]`)?.getAttribute("aria-keyshortcuts");
  const key = own ?? data.side_keys[at];
  if (key) {
    made.setAttribute("aria-keyshortcuts", key);
    $("kbd", made).textContent = key;
  } else $("kbd", made).remove();
  made.disabled = ids.some((id) => labels.get(id).retired);
  return made;
}

function paint() {
  const { now } = queue;
  for (const part of $$("[data-case]")) part.hidden = !now;
  $("[data-none]").hidden = Boolean(now) || asking;
  paintLast();
  if (!now) return;
  const picture = $("[data-picture]");
  if (picture.dataset.image !== String(now.image)) {
    picture.dataset.image = now.image;
    picture.src = now.urls.screen;
    picture.alt = now.name;
    chosen.clear();
  }
  $("[data-file]").textContent = now.name;
  $("[data-file]").href = now.page;
  $("[data-audit]").hidden = !now.audit;
  $("[data-sides]").replaceChildren(...now.sides.map(side));
  const said = new Set(data.multi ? [] : now.sides.flatMap((each) => each.labels));
  for (const button of $$("[data-label]")) {
    button.hidden = said.has(Number(button.dataset.label));
    if (data.multi) button.setAttribute("aria-pressed", String(chosen.has(Number(button.dataset.label))));
  }
  prefetch(queue.next);
}

// The picture that follows is fetched and decoded ahead.
const ready = new Map();
function prefetch(next) {
  if (!next || ready.has(next.image)) return;
  const picture = new Image();
  picture.src = next.urls.screen;
  picture.decode().catch(() => {});
  ready.clear();
  ready.set(next.image, picture);
}

function paintWaiting(n) {
  $("[data-waiting]").textContent = n.toLocaleString(document.documentElement.lang || "en");
}

// The last decision with its way back; who had said what comes with the server's reply.
function paintLast() {
  const { last } = queue;
  $("[data-last]").hidden = !last;
  if (!last) return;
  $("[data-last-picture]").src = last.case.urls.thumb;
  $("[data-last-answer]").textContent = answered(last.answer);
  $("[data-last-file]").textContent = last.case.name;
  const each = (last.sides ?? []).map((one) => fill(gettext("%(people)s said %(labels)s"), { people: one.people.join(", "), labels: names(one.labels) }));
  $("[data-last-people]").textContent = each.join(" · ");
}

// ---- what a reviewer does ----

async function ask() {
  if (asking || dry || queue.cases.length >= LOW) return;
  asking = true;
  const reply = await fetch(`${desk.dataset.more}?known=${queue.known.join(",")}`).catch(() => null);
  const told = reply?.ok ? await reply.json() : null;
  asking = false;
  if (told) {
    dry = told.cases.length === 0;
    queue.add(told.cases);
    paintWaiting(told.waiting);
  }
  paint();
}

function decide(answer) {
  const decided = queue.decide(answer, uuid4());
  $("[data-said]").textContent = fill(gettext("%(file)s: %(answer)s"), { file: decided.case.name, answer: answered(answer) });
  paint();
  if (desk.contains(document.activeElement)) $("#sides-h").focus();
}

function undo() {
  if (queue.undo()) paint();
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { dataset } = button;
  if ("undoLast" in dataset) return undo();
  if (!queue.now) return;
  if ("side" in dataset) decide({ labels: queue.now.sides[Number(dataset.side)].labels });
  else if ("label" in dataset) {
    const id = Number(dataset.label);
    if (!data.multi) return decide({ labels: [id] });
    if (!chosen.delete(id)) chosen.add(id);
    paint();
  } else if ("save" in dataset) decide({ labels: [...chosen] });
  else if ("skip" in dataset) decide({ skip: dataset.skip });
  else if ("later" in dataset) {
    queue.later();
    paint();
  }
});

paint();
ask();
