// The dial of a label: histogram, threshold, numbers, and the point on the curve.
import { histogram, rates } from "./review-numbers.js";
import { fill, gettext } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const TALL = 44; // pixels of a full bar
const MIDDLE = 47;

// Written as the language does: 87 % or 87%.
const percentWords = (share) => fill(gettext("%(n)s\u00a0%"), { n: Math.round(100 * share) });
const percent = (share) => (share === null ? "–" : percentWords(share));
const between = ([low, high], known) => (known === null ? "" : fill(gettext("%(low)s to %(high)s"), { low: Math.round(100 * low), high: Math.round(100 * high) }));

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function stack(box, kind, x, width, inside, outside, cap) {
  const direction = kind === "pos" ? -1 : 1;
  let from = 0;
  for (const [count, css] of [[inside, kind], [outside, `${kind} out`]]) {
    const to = Math.min(TALL, ((from ? from / TALL : 0) + count / cap) * TALL);
    if (to > from) {
      const y = direction < 0 ? MIDDLE - 1 - to : MIDDLE + 1 + from;
      box.append(element("rect", { class: css, x: `${x}%`, width: `${width}%`, y, height: to - from }));
    }
    from = to;
  }
}

export function drawHistogram(svg, data, t, name) {
  const counted = histogram(data, t);
  const bins = counted.yesCalled.length;
  const tall = (a, b) => a.map((count, i) => count + b[i]);
  const yes = tall(counted.yesCalled, counted.yesNot);
  const no = tall(counted.noCalled, counted.noNot);
  const highest = Math.max(...yes, ...no, 1);
  // The many that are surely something else would flatten the rest: cut them, and say so.
  const cap = Math.max(1, Math.min(highest, 2 * Math.max(...yes, ...no.slice(Math.ceil(bins / 10)), 4)));
  svg.replaceChildren();
  for (let b = 0; b < bins; b++) {
    const [x, width] = [(100 * b) / bins + 0.15, 100 / bins - 0.3];
    stack(svg, "pos", x, width, counted.yesCalled[b], counted.yesNot[b], cap);
    stack(svg, "neg", x, width, counted.noCalled[b], counted.noNot[b], cap);
  }
  const cut = `${100 * t}%`;
  svg.append(element("line", { class: "ax", x1: 0, x2: "100%", y1: MIDDLE, y2: MIDDLE }), element("line", { class: "cut", x1: cut, x2: cut, y1: -4, y2: 104 }));
  const words = (text, attributes) => {
    const made = element("text", attributes);
    made.textContent = text;
    svg.append(made);
  };
  words(fill(gettext("%(name)s, as people say"), { name }), { x: 6, y: 10 });
  words(cap < highest ? fill(gettext("everything else; bars cut at %(n)s images"), { n: Math.round(cap) }) : gettext("everything else"), { x: "100%", y: 88, "text-anchor": "end" });
}

const at = (recall, precision) => `${(100 * recall).toFixed(1)} ${(100 - 100 * precision).toFixed(1)}`;

export function drawCurve(line, band, points) {
  line.setAttribute("d", points.length ? `M${points.map((p) => at(p.recall, p.precision)).join("L")}` : "");
  const upper = points.map((p) => at(p.recall, p.precisionInterval[1]));
  const lower = points.map((p) => at(p.recall, p.precisionInterval[0])).reverse();
  band.setAttribute("d", points.length ? `M${[...upper, ...lower].join("L")}z` : "");
}

export function drawNow(dot, counted) {
  const { precision, recall } = rates(counted);
  dot.toggleAttribute("hidden", precision === null || recall === null);
  dot.setAttribute("cx", `${100 * (recall ?? 0)}%`);
  dot.setAttribute("cy", `${100 - 100 * (precision ?? 0)}%`);
}

// `places` are the elements that show the figures; few: under five images carry the label.
export function tellNumbers(places, counted, best) {
  const found = rates(counted);
  const few = counted.tp + counted.fn < 5;
  places.precision.textContent = few ? "–" : percent(found.precision);
  places.recall.textContent = few ? "–" : percent(found.recall);
  places.f1.textContent = few || found.f1 === null ? "–" : found.f1.toFixed(2);
  places.precisionInterval.textContent = few ? gettext("too few") : between(found.precisionInterval, found.precision);
  places.recallInterval.textContent = few ? gettext("too few") : between(found.recallInterval, found.recall);
  places.bestF1.textContent = few || best.f1 < 0 ? "" : fill(gettext("best %(f1)s at %(threshold)s"), { f1: best.f1.toFixed(2), threshold: best.t.toFixed(2) });
}

// The words of the button that saves the threshold.
export function saveWords(data, t, name, inUse) {
  if (!data.multi && t === 0) return fill(inUse ? gettext("No threshold is in use for %(name)s") : gettext("Use no threshold for %(name)s"), { name });
  return fill(inUse ? gettext("%(threshold)s is in use for %(name)s") : gettext("Use %(threshold)s for %(name)s"), { name, threshold: t.toFixed(2) });
}

export function thresholdWords(data, t, name, all = false) {
  if (all) return allWords(data, t);
  if (data.multi) return fill(gettext("called %(name)s from %(threshold)s up"), { name, threshold: t.toFixed(2) });
  if (t === 0) return fill(gettext("called %(name)s whenever it is likeliest"), { name });
  return fill(gettext("called %(name)s if likeliest and %(threshold)s or more, else unknown"), { name, threshold: t.toFixed(2) });
}

// ---- the threshold curve, and the markers on both ----

const PARTS = { precision: "precision", recall: "recall", f1: "f1" };

// Precision, recall and F1 against the threshold; `lines` {precision, recall, f1} are paths.
export function drawAgainstThreshold(lines, points) {
  for (const [name, key] of Object.entries(PARTS)) {
    const found = points.filter((p) => p[key] !== null);
    lines[name].setAttribute("d", found.length ? `M${found.map((p) => at(p.t, p[key])).join("L")}` : "");
  }
}

// Put a dot at (x, y), both in [0, 1]; away where there is no such point.
export function place(dot, point, x, y) {
  const there = point !== null && point !== undefined;
  dot.toggleAttribute("hidden", !there);
  if (!there) return;
  dot.setAttribute("cx", `${100 * x(point)}%`);
  dot.setAttribute("cy", `${100 - 100 * y(point)}%`);
}

export function drawCut(line, t) {
  line.setAttribute("x1", `${100 * t}%`);
  line.setAttribute("x2", `${100 * t}%`);
}

// The curve in words, for its table: one row per tenth of the threshold that says anything.
export function fillTable(body, points) {
  const rows = points.filter((point) => Math.round(100 * point.t) % 10 === 0).map((point) => {
    const row = document.createElement("tr");
    const cells = [point.t.toFixed(1), shareWithInterval(point.precision, point.precisionInterval), shareWithInterval(point.recall, point.recallInterval), point.f1 === null ? "–" : point.f1.toFixed(2), point.called.toLocaleString("en-US")];
    row.append(...cells.map((words, i) => Object.assign(document.createElement(i ? "td" : "th"), { textContent: words, className: i ? "r" : "", ...(i ? {} : { scope: "row" }) })));
    return row;
  });
  body.replaceChildren(...rows);
}

const shareWithInterval = (value, interval) => (value === null ? "–" : `${percent(value)} (${between(interval, value)})`);

// What a wished precision comes to: by the lower end of the interval, and by the value itself.
export function wishWords({ surely, likely }, precision) {
  const n = percentWords(precision);
  const told = surely
    ? fill(gettext("From %(threshold)s up at least %(precision)s precision, the interval says; recall %(recall)s there."), { threshold: surely.t.toFixed(2), precision: n, recall: percent(surely.recall) })
    : fill(gettext("No threshold has an interval that begins at %(precision)s or above: more labeled images narrow it, or wish for less."), { precision: n });
  const beside = likely
    ? fill(gettext("The value alone reaches it at %(threshold)s."), { threshold: likely.t.toFixed(2) })
    : gettext("Not even the value alone reaches it.");
  return `${told} ${beside}`;
}

function allWords(data, t) {
  if (data.multi) return fill(gettext("every label from %(threshold)s up"), { threshold: t.toFixed(2) });
  if (t === 0) return gettext("the likeliest label, whatever its score");
  return fill(gettext("the likeliest label from %(threshold)s up, else unknown"), { threshold: t.toFixed(2) });
}
