// What the review page counts, from the scores that came with it. Pure: no page, no network.
//
// `data` is what galleries.of_label gives: per audit image its true labels, the score of the
// page's label, and the label the model finds likeliest (one label per image) or the labels it
// gives at the saved thresholds (several per image). Where `rest` is there, these are the images
// that matter for the label, and it counts the others. `everywhere` is a threshold for all labels
// that somebody tries out.
import { wilson } from "./intervals.js";

export const UNKNOWN = null;

// Whether the model calls image i by the page's label at threshold t.
export function called(data, i, t) {
  if (data.multi) return data.scores[i] >= t;
  return data.best[i] === data.label && data.best_scores[i] >= t;
}

export const has = (data, i, label = data.label) => data.truth[i].includes(label);

// The labels the model gives image i; t holds for the page's label, saved thresholds for others.
export function given(data, i, t) {
  if (data.multi) {
    const others = data.given[i].filter((label) => label !== data.label);
    return called(data, i, t) ? [...others, data.label] : others;
  }
  const best = data.best[i];
  const floor = best === data.label ? t : (data.everywhere ?? data.thresholds[best]);
  return data.best_scores[i] >= floor ? [best] : [];
}

export function counts(data, t) {
  const found = { tp: 0, fp: 0, fn: 0 };
  for (let i = 0; i < data.images.length; i++) {
    const said = called(data, i, t);
    const is = has(data, i);
    if (said && is) found.tp++;
    else if (said) found.fp++;
    else if (is) found.fn++;
  }
  if (data.rest) addRest(found, data.rest, t);
  return found;
}

// Counts are kept for hundredths: what is called from t up is called from the next of them up.
const hundredth = (t) => Math.min(100, Math.max(0, Math.ceil(100 * t - 1e-6)));

function addRest(found, rest, t) {
  const at = hundredth(t);
  found.tp += rest.yes[at];
  found.fp += rest.no[at];
  found.fn += rest.support - rest.yes[at];
}

// The same over all labels together, each threshold t: every label given counts once.
// `all` {tp, fp: per hundredth, support} is as loaded; `changed` [[image, labels then], …] since.
export function countsOfAll(data, t, changed = []) {
  const at = hundredth(t);
  const found = { tp: data.all.tp[at], fp: data.all.fp[at], fn: data.all.support - data.all.tp[at] };
  for (const [i, before] of changed) {
    for (const label of data.truth[i]) if (!before.includes(label)) moveTruth(found, gives(data, i, label, t), 1);
    for (const label of before) if (!has(data, i, label)) moveTruth(found, gives(data, i, label, t), -1);
  }
  return found;
}

function gives(data, i, label, t) {
  if (!data.multi) return data.best[i] === label && data.best_scores[i] >= t;
  const found = data.top[i].find(([id]) => id === label);
  if (found) return found[1] >= t;
  // Behind the likeliest ones: not given from the last of them up, else as at the saved thresholds.
  return data.top[i].at(-1)?.[1] >= t && data.given[i].includes(label);
}

function moveTruth(found, given, by) {
  if (given) {
    found.tp += by;
    found.fp -= by;
  } else found.fn += by;
}

// Precision, recall and F1 with what they are made of; null where there is nothing to divide by.
export function rates({ tp, fp, fn }) {
  return {
    precision: tp + fp ? tp / (tp + fp) : null,
    recall: tp + fn ? tp / (tp + fn) : null,
    f1: tp + fp + fn ? (2 * tp) / (2 * tp + fp + fn) : null,
    precisionInterval: wilson(tp, tp + fp),
    recallInterval: wilson(tp, tp + fn),
  };
}

// Which images are false positives (surest first), false negatives and true positives (least
// sure first).
export function lists(data, t) {
  const found = { fp: [], fn: [], tp: [] };
  for (let i = 0; i < data.images.length; i++) {
    const said = called(data, i, t);
    const is = has(data, i);
    if (said || is) found[said ? (is ? "tp" : "fp") : "fn"].push(i);
  }
  const byScore = (a, b) => data.scores[a] - data.scores[b] || a - b;
  return { fp: found.fp.sort((a, b) => byScore(b, a)), fn: found.fn.sort(byScore), tp: found.tp.sort(byScore) };
}

// Of several labels, where others than the page's have a threshold too: `each` {tp, fp: per
// hundredth, support} by label is as loaded.
function mistakesAtThresholds(data, t, changed) {
  const threshold = (label) => data.everywhere ?? (label === data.label ? t : data.thresholds[label]);
  const found = new Map(Object.entries(data.each).map(([id, { tp, fp, support }]) => {
    const at = hundredth(threshold(Number(id)));
    return [Number(id), { tp: tp[at], fp: fp[at], fn: support - tp[at] }];
  }));
  const move = (i, label, by) => found.has(label) && moveTruth(found.get(label), gives(data, i, label, threshold(label)), by);
  for (const [i, before] of changed) {
    for (const label of data.truth[i]) if (!before.includes(label)) move(i, label, 1);
    for (const label of before) if (!has(data, i, label)) move(i, label, -1);
  }
  return found;
}

// Per label {fp, fn}, for the list at the side. `changed` as in countsOfAll.
export function mistakes(data, t, changed = []) {
  if (data.each && (data.everywhere !== undefined || data.savedForAll)) return mistakesAtThresholds(data, t, changed);
  const found = new Map(data.labels.map(({ id }) => [id, { fp: 0, fn: 0 }]));
  for (let i = 0; i < data.images.length; i++) {
    const said = given(data, i, t);
    for (const label of said) if (!has(data, i, label)) found.get(label).fp++;
    for (const label of data.truth[i]) if (!said.includes(label)) found.get(label).fn++;
  }
  for (const [label, [fp, fn]] of Object.entries(data.rest?.mistakes ?? {})) {
    const row = found.get(Number(label));
    if (!row) continue;
    row.fp += fp;
    row.fn += fn;
  }
  return found;
}

// How many images of `truth` are called `predicted` (or "unknown"): a Map by "truth>predicted".
export function confusion(data, t) {
  const found = new Map();
  for (let i = 0; i < data.images.length; i++) {
    const key = `${data.truth[i][0]}>${given(data, i, t)[0] ?? "unknown"}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  for (const [truth, predicted, n] of data.rest?.confusion ?? []) {
    const key = `${truth}>${predicted ?? "unknown"}`;
    found.set(key, (found.get(key) ?? 0) + n);
  }
  return found;
}

// Whether the model took image i's `truth` for `predicted`. Of several labels: whether it missed
// the one and wrongly gave the other; null then means that it gave nothing wrong.
function takenFor(data, i, t, { truth, predicted }) {
  const said = given(data, i, t);
  if (!data.multi) return has(data, i, truth) && (said[0] ?? UNKNOWN) === predicted;
  if (!has(data, i, truth) || said.includes(truth)) return false;
  const wrong = said.filter((label) => !has(data, i, label));
  return predicted === UNKNOWN ? !wrong.length : wrong.includes(predicted);
}

// The images of one cell of the confusion; `predicted` null means unknown. Surest first.
export function cell(data, t, wanted) {
  const sure = data.best_scores ?? data.scores;
  const found = data.images.map((_, i) => i).filter((i) => takenFor(data, i, t, wanted));
  return found.sort((a, b) => sure[b] - sure[a] || a - b);
}

// Precision, recall and F1 with intervals at every hundredth; `at` gives the counts there.
export function curve(data, least = 3, at = (t) => counts(data, t)) {
  const points = [];
  for (let step = 0; step <= 100; step++) {
    const counted = at(step / 100);
    if (counted.tp + counted.fp < least) break;
    points.push({ t: step / 100, called: counted.tp + counted.fp, ...rates(counted) });
  }
  return points.filter((point) => point.recall !== null);
}

// The threshold of the highest F1, in hundredths; the lowest of equals.
export function bestF1(data, at = (t) => counts(data, t)) {
  let best = { t: data.threshold, f1: -1 };
  for (let step = 0; step <= 100; step++) {
    const { f1 } = rates(at(step / 100));
    if (f1 !== null && f1 > best.f1) best = { t: step / 100, f1 };
  }
  return best;
}

// The lowest thresholds that reach a precision: `surely` by the interval's lower end, `likely` by
// the value itself. Each is a point of the curve, or null where none reaches it.
export function wished(points, precision) {
  return {
    surely: points.find((point) => point.precisionInterval[0] >= precision) ?? null,
    likely: points.find((point) => point.precision >= precision) ?? null,
  };
}

// Counts per bin of the score, apart for people's yes and no, and for called and not called.
export function histogram(data, t, bins = 40) {
  const empty = () => new Array(bins).fill(0);
  const found = { yesCalled: empty(), yesNot: empty(), noCalled: empty(), noNot: empty() };
  for (let i = 0; i < data.images.length; i++) {
    const bin = Math.min(bins - 1, Math.floor(data.scores[i] * bins));
    found[(has(data, i) ? "yes" : "no") + (called(data, i, t) ? "Called" : "Not")][bin]++;
  }
  for (let bin = 0; data.rest && bin < bins; bin++) {
    const said = data.multi && bin / bins >= t ? "Called" : "Not";
    found[`yes${said}`][bin] += data.rest.yes_bins[bin];
    found[`no${said}`][bin] += data.rest.no_bins[bin];
  }
  return found;
}

// The truth of an image after a label key: that label alone, or, with several per image, toggled.
export function fixed(data, i, label) {
  if (!data.multi) return [label];
  const now = data.truth[i];
  return now.includes(label) ? now.filter((each) => each !== label) : [...now, label].sort((a, b) => a - b);
}

export const same = (one, other) => one.length === other.length && one.every((label) => other.includes(label));
