// The review page: one state, painted anew after each change from what is already in the page.
import { LargeView } from "./large-view.js";
import { Answers } from "./review-answers.js";
import { Dial } from "./review-threshold.js";
import { showNear } from "./review-near.js";
import * as numbers from "./review-numbers.js";
import { Picking } from "./review-picking.js";
import { Tiles } from "./review-tiles.js";
import { toast } from "./toasts.js";
import { fill, gettext, ngettext } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const page = $("[data-review]");
const data = JSON.parse($("#review-data").textContent);
const token = $("input[name=csrfmiddlewaretoken]").value;
const labels = new Map(data.labels.map((label) => [label.id, label]));
const picking = new Picking();
let chosen = -1;

const fileOf = (image, size) => page.dataset.image.replace("/0/", `/${image}/`).replace("thumb", size);
const urls = { answer: page.dataset.answer, undo: page.dataset.undo, send: page.dataset.send };
const answers = new Answers(data, urls, token, (words) => {
  toast(words);
  repaint();
});
const dial = new Dial(page, data, labels, { token, answers, changed: () => paint() });
const tiles = new Tiles(data, labels, (i, size) => fileOf(data.images[i], size), () => ({
  threshold: dial.threshold, chosen, picked: picking.images, looked: answers.looked, sent: answers.sent,
}));

const sequence = () => $$("[data-at]").map((element) => Number(element.dataset.at));

// ---- painting ----

function paintSide() {
  if (data.pool) return;
  for (const [id, counted] of numbers.mistakes(data, dial.threshold, answers.changed)) {
    const row = $(`[data-label="${id}"]`);
    if (!row) continue;
    const [fp, fn] = $$(".n", row);
    fp.textContent = counted.fp;
    fn.textContent = counted.fn;
    fp.setAttribute("aria-label", fill(ngettext("%(n)s false positive", "%(n)s false positives", counted.fp), { n: counted.fp }));
    fn.setAttribute("aria-label", fill(ngettext("%(n)s false negative", "%(n)s false negatives", counted.fn), { n: counted.fn }));
  }
}

function paintConfusion() {
  const cells = $$(".cm td[data-truth]");
  if (!cells.length) return;
  const found = numbers.confusion(data, dial.threshold);
  for (const box of cells) {
    const { truth, predicted } = box.dataset;
    const count = found.get(`${truth}>${predicted}`) ?? 0;
    const inside = document.createElement(count ? "a" : "span");
    inside.textContent = count || "·";
    if (count) {
      const called = predicted === "unknown" ? gettext("unknown") : labels.get(Number(predicted)).name;
      inside.href = `?source=${page.dataset.source}&truth=${truth}&predicted=${predicted}`;
      inside.setAttribute("aria-label", fill(ngettext("%(n)s image of %(truth)s called %(called)s", "%(n)s images of %(truth)s called %(called)s", count), { n: count, truth: labels.get(Number(truth)).name, called }));
      if (box.className === "z") box.className = "e1";
    } else if (box.className !== "d") box.className = "z";
    box.replaceChildren(inside);
  }
}

function paintCorrections() {
  const note = $("[data-upward]");
  if (!note) return;
  note.hidden = answers.looked.size === 0;
  $("[data-corrected]").textContent = answers.corrected.size.toLocaleString("en-US");
  $("[data-looked]").textContent = answers.looked.size.toLocaleString("en-US");
}

function paintBar() {
  const concerned = picking.forAction(sequence(), chosen);
  const many = picking.size > 0;
  $("[data-chosen]").textContent = many
    ? fill(ngettext("%(n)s image picked", "%(n)s images picked", picking.size), { n: picking.size })
    : chosen >= 0 ? tiles.words(chosen) : gettext("none");
  for (const button of $$("[data-fix]")) {
    button.disabled = !concerned.length;
    if (data.multi) button.setAttribute("aria-pressed", String(concerned.length > 0 && concerned.every((i) => numbers.has(data, i, Number(button.value)))));
  }
  for (const button of $$("[data-needs-image]")) button.disabled = !concerned.length;
  $("[data-pick]").setAttribute("aria-pressed", String(picking.images.has(chosen)));
  $("[data-pick-none]").hidden = !many;
  $("[data-undo-last]").disabled = !answers.canUndo;
}

function lists() {
  if (data.pool) return { pool: data.images.map((_, i) => i) };
  if (data.cell) return { cell: numbers.cell(data, data.threshold, data.cell) };
  return numbers.lists(data, dial.threshold);
}

function paint() {
  const found = lists();
  const visible = Object.entries(found).flatMap(([kind, list]) => tiles.visible(kind, list));
  if (!visible.includes(chosen)) chosen = visible[0] ?? -1;
  for (const i of picking.images) if (!visible.includes(i)) picking.images.delete(i);
  for (const [kind, list] of Object.entries(found)) tiles.paint(kind, list);
  dial.paint();
  paintSide();
  paintConfusion();
  paintCorrections();
  paintBar();
}

function repaint() {
  dial.measure();
  paint();
}

// ---- choosing ----

function choose(i, { look = true } = {}) {
  const before = chosen;
  chosen = i;
  for (const at of [before, i]) if (tiles.of(at)) tiles.tile(at);
  paintBar();
  const element = tiles.of(i);
  if (!look || !element?.isConnected) return;
  if (page.contains(document.activeElement) && document.activeElement.dataset.at) element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
  if (large.open) showLarge();
}

function step(by) {
  const order = sequence();
  const at = order.indexOf(chosen);
  if (order.length) choose(order[Math.min(order.length - 1, Math.max(0, at + by))]);
}

function pick(i) {
  picking.toggle(i);
  if (tiles.of(i)) tiles.tile(i);
  paintBar();
}

function pickNone() {
  picking.clear();
  paint();
}

// ---- answers ----

// What follows in the gallery after all that were acted on.
function following(order, concerned) {
  return order.slice(order.indexOf(concerned.at(-1)) + 1).find((i) => !concerned.includes(i));
}

// Give each image `truth(i)`, and go on.
function give(truth, { goOn = !data.multi } = {}) {
  const order = sequence();
  const concerned = picking.forAction(order, chosen);
  if (!concerned.length) return;
  const next = following(order, concerned);
  const group = crypto.randomUUID?.() ?? String(Math.random());
  for (const i of concerned) answers.give(i, truth(i), undefined, group);
  const many = concerned.length > 1;
  if (many) picking.clear();
  if (next !== undefined && (goOn || many)) chosen = next;
  repaint();
  choose(chosen);
  if (many) toast(fill(gettext("%(n)s images answered."), { n: concerned.length }), { words: gettext("Undo"), press: undo });
}

// With several labels a key toggles; of many images it gives the label to all, or takes it from all.
function fix(label) {
  const concerned = picking.forAction(sequence(), chosen);
  if (!data.multi || concerned.length < 2) return give((i) => numbers.fixed(data, i, label));
  const all = concerned.every((i) => numbers.has(data, i, label));
  return give((i) => (numbers.has(data, i, label) === all ? numbers.fixed(data, i, label) : [...data.truth[i]]));
}

// People's label is right; where nobody has said anything, the model's answer is.
const right = (i) => (data.pool && !answers.looked.has(data.images[i]) ? numbers.given(data, i, dial.threshold) : [...data.truth[i]]);

function sendAway() {
  const order = sequence();
  const concerned = picking.forAction(order, chosen);
  if (!concerned.length) return;
  const next = following(order, concerned);
  answers.sendAway(concerned, (words, sent) => {
    toast(sent ? `${fill(ngettext("%(n)s image sent.", "%(n)s images sent.", sent), { n: sent })} ${words}` : words);
    paint();
  });
  picking.clear();
  if (next !== undefined) chosen = next;
  paint();
  choose(chosen);
  toast(fill(ngettext("%(n)s image goes to another person, who sees no answer.", "%(n)s images go to another person, who sees no answer.", concerned.length), { n: concerned.length }), { words: gettext("Undo"), press: undo });
}

function undo() {
  const i = answers.undo();
  if (i === null) return;
  chosen = i;
  repaint();
  choose(chosen);
}

async function draw(form) {
  const reply = await fetch(page.dataset.draw, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-CSRFToken": token } }).catch(() => null);
  const told = await reply?.json().catch(() => null);
  if (!reply?.ok || !told) {
    toast(told?.detail ?? gettext("No connection. Nothing was changed; try again."));
    return;
  }
  for (const image of told.images) answers.sent.add(image);
  paint();
  toast(told.images.length
    ? fill(ngettext("%(n)s audit image drawn; it is mixed into the queue of others.", "%(n)s audit images drawn; they are mixed into the queue of others.", told.images.length), { n: told.images.length })
    : gettext("Every audit image has been looked at twice, or waits for it."));
}

// ---- more of the model's own answers ----

async function more() {
  const url = `${page.dataset.pool}?label=${data.label}&order=${data.order}&after=${data.after}`;
  const told = await fetch(url).then((reply) => (reply.ok ? reply.json() : null)).catch(() => null);
  if (!told) {
    toast(gettext("No connection. Try again in a moment."));
    return;
  }
  const from = data.images.length;
  const known = new Set(data.images);
  told.images.forEach((image, at) => {
    if (known.has(image)) return;
    for (const key of ["images", "names", "truth", "scores", "top", "given", "best", "best_scores"]) data[key].push(told[key][at]);
  });
  answers.know(from);
  data.after = told.after;
  $("[data-more-pool]").hidden = data.after === null;
  paint();
}

// ---- the large view ----

const large = $("#large");
const view = new LargeView(large, fileOf);

function showLarge() {
  if (chosen < 0) return;
  const image = data.images[chosen];
  view.show(image, data.names[chosen]);
  const link = $("[data-large-page]", large);
  link.href = link.getAttribute("href").replace(/\d+$/, image);
  $("[data-large-words]").textContent = `${data.names[chosen]}: ${tiles.words(chosen)}`;
  showNear($("[data-near]", large), image, labels, (near) => fileOf(near, "thumb"));
  if (!large.open) large.showModal();
}

// ---- what a person does ----

const PRESSED = {
  fix: (button) => fix(Number(button.value)),
  right: () => {
    give(right);
    if (data.multi && picking.size === 0) step(1);
  },
  send: sendAway,
  pick: () => chosen >= 0 && pick(chosen),
  pickNone,
  undoLast: undo,
  step: (button) => step(Number(button.dataset.step)),
  large: showLarge,
  morePool: more,
  more: (button) => {
    tiles.showMore(button.dataset.more);
    paint();
  },
};

page.addEventListener("click", (event) => {
  const picture = event.target.closest("[data-at]");
  if (picture) {
    const i = Number(picture.dataset.at);
    if (event.shiftKey) {
      picking.range(sequence(), i, picking.size ? undefined : chosen);
      paint();
    } else if (event.ctrlKey || event.metaKey) pick(i);
    else if (i === chosen) showLarge();
    else {
      picking.touch(i);
      choose(i, { look: false });
    }
    return;
  }
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const name = Object.keys(PRESSED).find((each) => each in button.dataset);
  if (name) PRESSED[name](button);
});

$("[data-fix-select]")?.addEventListener("change", ({ target }) => {
  if (target.value) fix(Number(target.value));
  target.value = "";
  target.blur();
});

$("[data-draw-form]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  draw(event.target);
});

// In the large view the answers' keys work too: they are those of the bar behind it.
large.addEventListener("keydown", (event) => {
  const by = event.shiftKey ? 0 : { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) step(by);
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.documentElement.dataset.letterKeys === "off") return;
  if ("+=-r".includes(event.key.toLowerCase())) return; // zoom and turn
  const named = $$("[data-fixbar] [aria-keyshortcuts]").find((button) => button.getAttribute("aria-keyshortcuts") === event.key.toUpperCase());
  if (!named || named.disabled || "large" in named.dataset || "step" in named.dataset) return;
  event.preventDefault();
  named.click();
});

// On a phone the labels lie in a row: show the one the page is about.
$(".pick-label [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

repaint();
