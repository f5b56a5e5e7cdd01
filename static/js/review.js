// The review page: one state, painted anew after each change from what is already in the page.
import { LargeView } from "./large-view.js";
import { Answers } from "./review-answers.js";
import { drawCurve, drawHistogram, drawNow, saveWords, tellNumbers, thresholdWords } from "./review-dial.js";
import * as numbers from "./review-numbers.js";
import { toast } from "./toasts.js";
import { fill, gettext, ngettext } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const page = $("[data-review]");
const data = JSON.parse($("#review-data").textContent);
const token = $("input[name=csrfmiddlewaretoken]").value;
const labels = new Map(data.labels.map((label) => [label.id, label]));
const name = labels.get(data.label).name;
const slider = $("#thr");
const first = { fp: 14, fn: 21, tp: 9, cell: 42 };
const shown = { ...first };
const tiles = new Map();

let threshold = data.threshold;
let chosen = -1;
let points = numbers.curve(data);
let best = numbers.bestF1(data);

const answers = new Answers(data, { answer: page.dataset.answer, undo: page.dataset.undo }, token, (words) => {
  toast(words);
  repaint();
});

// ---- pictures ----

const address = (i, size) => page.dataset.image.replace("/0/", `/${data.images[i]}/`).replace("thumb", size);

function said(ids) {
  return ids.length ? ids.map((id) => labels.get(id)?.name ?? gettext("another label")).join(", ") : data.multi ? gettext("none of them") : gettext("unknown");
}

function words(i) {
  const model = data.multi
    ? `${name} ${data.scores[i].toFixed(2)}`
    : `${said(numbers.given(data, i, threshold))} ${data.best_scores[i].toFixed(2)}`;
  return fill(gettext("people say %(people)s, model says %(model)s"), { people: said(data.truth[i]), model });
}

function tile(i) {
  let made = tiles.get(i);
  if (!made) {
    made = $("#tile").content.firstElementChild.cloneNode(true);
    made.dataset.at = i;
    $("img", made).src = address(i, "thumb");
    tiles.set(i, made);
  }
  // Where everybody says the same label, what the model says instead is the news.
  const missed = !data.cell && numbers.has(data, i) && !numbers.called(data, i, threshold);
  const ids = missed && !data.multi ? numbers.given(data, i, threshold) : data.truth[i];
  const label = labels.get(ids.includes(data.label) ? data.label : ids[0]);
  const mark = $(".mk", made);
  mark.setAttribute("class", label ? `mk c${label.mark} l${label.id}` : "mk");
  $("use", mark).setAttribute("href", label ? `#m${label.mark}` : "");
  $("b", made).textContent = said(ids);
  $("b", made).classList.toggle("model", missed && !data.multi);
  $(".push", made).textContent = (data.cell ? data.best_scores[i] : data.scores[i]).toFixed(2);
  $(".sr", made).textContent = `${data.names[i]}: ${words(i)}. `;
  $(".tick", made).hidden = !answers.looked.has(data.images[i]);
  made.title = `${data.names[i]}: ${words(i)}`;
  made.toggleAttribute("aria-current", i === chosen);
  if (i === chosen) made.setAttribute("aria-current", "true");
  return made;
}

const NONE = { fp: gettext("No false positives at this threshold."), fn: gettext("No false negatives at this threshold."), tp: gettext("No true positives at this threshold."), cell: gettext("No image is left here.") };

function paintGallery(kind, found) {
  const box = $(`[data-gallery="${kind}"]`);
  if (!box) return [];
  const part = found.slice(0, shown[kind]);
  $(`[data-count="${kind}"]`).textContent = found.length.toLocaleString("en-US");
  const none = document.createElement("p");
  none.className = "quiet small";
  none.textContent = NONE[kind];
  box.classList.toggle("gallery", part.length > 0);
  box.replaceChildren(...(part.length ? part.map(tile) : [none]));
  const more = $(`[data-more="${kind}"]`);
  more.hidden = found.length <= part.length;
  more.textContent = fill(gettext("Show %(n)s more"), { n: Math.min(found.length - part.length, 120) });
  return part;
}

const sequence = () => $$("[data-at]").map((element) => Number(element.dataset.at));

// ---- painting ----

function paintDial(counted) {
  if (!slider) return;
  slider.value = Math.round(threshold * 100);
  drawHistogram($("[data-hist]"), data, threshold, name);
  drawCurve($("[data-pr]"), $("[data-pr-band]"), points);
  drawNow($("[data-pr-now]"), counted);
  tellNumbers(
    { precision: $("[data-prec]"), recall: $("[data-rec]"), f1: $("[data-f1]"), precisionInterval: $("[data-prec-iv]"), recallInterval: $("[data-rec-iv]"), bestF1: $("[data-f1-best]") },
    counted,
    best,
  );
  const told = thresholdWords(data, threshold, name);
  $("[data-thr]").textContent = told;
  slider.setAttribute("aria-valuetext", fill(gettext("%(threshold)s: precision %(precision)s, recall %(recall)s"), { threshold: told, precision: $("[data-prec]").textContent, recall: $("[data-rec]").textContent }));
  const save = $("[data-save]");
  const inUse = Math.abs(threshold - data.threshold) < 0.005;
  save.textContent = saveWords(data, threshold, name, inUse);
  save.setAttribute("aria-disabled", String(inUse));
}

function paintSide() {
  for (const [id, counted] of numbers.mistakes(data, threshold)) {
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
  const found = numbers.confusion(data, threshold);
  for (const box of cells) {
    const { truth, predicted } = box.dataset;
    const count = found.get(`${truth}>${predicted}`) ?? 0;
    const inside = document.createElement(count ? "a" : "span");
    inside.textContent = count || "·";
    if (count) {
      const called = predicted === "unknown" ? gettext("unknown") : labels.get(Number(predicted)).name;
      inside.href = `?truth=${truth}&predicted=${predicted}`;
      inside.setAttribute("aria-label", fill(ngettext("%(n)s image of %(truth)s called %(called)s", "%(n)s images of %(truth)s called %(called)s", count), { n: count, truth: labels.get(Number(truth)).name, called }));
      if (box.className === "z") box.className = "e1";
    } else if (box.className !== "d") box.className = "z";
    box.replaceChildren(inside);
  }
}

function paintCorrections() {
  const n = answers.corrected.size;
  const looked = answers.looked.size;
  $("[data-upward]").hidden = looked === 0;
  $("[data-corrected]").textContent = n.toLocaleString("en-US");
  $("[data-looked]").textContent = looked.toLocaleString("en-US");
}

function paintBar() {
  const some = chosen >= 0;
  $("[data-chosen]").textContent = some ? words(chosen) : gettext("none");
  for (const button of $$("[data-fix]")) {
    button.disabled = !some;
    if (data.multi) button.setAttribute("aria-pressed", String(some && numbers.has(data, chosen, Number(button.value))));
  }
  for (const button of $$("[data-needs-image]")) button.disabled = !some;
  $("[data-undo-last]").disabled = !answers.canUndo;
}

function paint() {
  const found = data.cell ? { cell: numbers.cell(data, data.threshold, data.cell) } : numbers.lists(data, threshold);
  const visible = Object.entries(found).flatMap(([kind, list]) => list.slice(0, shown[kind]));
  if (!visible.includes(chosen)) chosen = visible[0] ?? -1;
  for (const [kind, list] of Object.entries(found)) paintGallery(kind, list);
  paintDial(numbers.counts(data, threshold));
  paintSide();
  paintConfusion();
  paintCorrections();
  paintBar();
}

function repaint() {
  points = numbers.curve(data);
  best = numbers.bestF1(data);
  paint();
}

// ---- what a person does ----

function choose(i, { look = true } = {}) {
  const before = chosen;
  chosen = i;
  for (const at of [before, i]) if (tiles.has(at)) tile(at);
  paintBar();
  const element = tiles.get(i);
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

// Give an answer and go on to the picture that follows in the gallery.
function give(truth) {
  if (chosen < 0) return;
  const order = sequence();
  const next = order[order.indexOf(chosen) + 1];
  answers.give(chosen, truth);
  if (next !== undefined && !data.multi) chosen = next;
  repaint();
  choose(chosen);
}

function undo() {
  const i = answers.undo();
  if (i === null) return;
  chosen = i;
  repaint();
  choose(chosen);
}

const large = $("#large");
const view = new LargeView(large, (image, size) => page.dataset.image.replace("/0/", `/${image}/`).replace("thumb", size));
function showLarge() {
  view.show(data.images[chosen], data.names[chosen]);
  const link = $("[data-large-page]", large);
  link.href = link.getAttribute("href").replace(/\d+$/, data.images[chosen]);
  $("[data-large-words]").textContent = `${data.names[chosen]}: ${words(chosen)}`;
  if (!large.open) large.showModal();
}

async function save() {
  const button = $("[data-save]");
  if (button.getAttribute("aria-disabled") === "true") return;
  const body = new URLSearchParams({ version: page.dataset.version, label: data.label, threshold: threshold.toFixed(2) });
  const answer = await fetch(page.dataset.threshold, { method: "POST", body, headers: { "X-CSRFToken": token } }).catch(() => null);
  if (!answer?.ok) {
    const told = await answer?.json().catch(() => null);
    toast(told?.detail ?? gettext("No connection. Nothing was changed; try again."));
    return;
  }
  data.threshold = data.thresholds[data.label] = threshold;
  $("[data-picked]").hidden = false;
  toast(fill(gettext("Saved with version %(version)s: %(threshold)s."), { version: page.dataset.version, threshold: thresholdWords(data, threshold, name) }));
  paint();
}

page.addEventListener("click", (event) => {
  const picture = event.target.closest("[data-at]");
  if (picture) {
    if (Number(picture.dataset.at) === chosen) showLarge();
    else choose(Number(picture.dataset.at), { look: false });
    return;
  }
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { dataset } = button;
  if ("fix" in dataset) give(numbers.fixed(data, chosen, Number(button.value)));
  else if ("right" in dataset) {
    give([...data.truth[chosen]]);
    if (data.multi) step(1);
  } else if ("undoLast" in dataset) undo();
  else if ("step" in dataset) step(Number(dataset.step));
  else if ("large" in dataset) showLarge();
  else if ("save" in dataset) save();
  else if ("best" in dataset) move(best.t);
  else if ("move" in dataset) move(threshold + Number(dataset.move));
  else if ("more" in dataset) {
    shown[dataset.more] += 120;
    paint();
  }
});

function move(to) {
  threshold = Math.round(Math.min(1, Math.max(0, to)) * 100) / 100;
  paint();
}

slider?.addEventListener("input", () => move(Number(slider.value) / 100));
// Arrow keys on the slider move the slider, not the chosen picture.
slider?.addEventListener("keydown", (event) => {
  if (event.key.startsWith("Arrow")) event.stopPropagation();
});

$("[data-fix-select]")?.addEventListener("change", ({ target }) => {
  if (target.value) give(numbers.fixed(data, chosen, Number(target.value)));
  target.value = "";
  target.blur();
});

large.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) step(by);
});

// On a phone the labels lie in a row: show the one the page is about.
$(".pick-label [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });

paint();
