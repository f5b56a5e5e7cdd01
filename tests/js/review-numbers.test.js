import assert from "node:assert/strict";
import { test } from "node:test";

import { wilson } from "../../static/js/intervals.js";
import * as numbers from "../../static/js/review-numbers.js";
import { Answers } from "../../static/js/review-answers.js";
import { finding } from "../../static/js/review-near.js";
import { Picking } from "../../static/js/review-picking.js";

const HEALTHY = 1, RUST = 2;
const labels = [{ id: HEALTHY, name: "healthy", mark: 1 }, { id: RUST, name: "rust", mark: 2 }];

// Six images seen from rust: two found, one false alarm, one missed, two healthy.
function single(more = {}) {
  return {
    label: RUST, multi: false, threshold: 0, thresholds: { [HEALTHY]: 0, [RUST]: 0 }, labels,
    images: [11, 12, 13, 14, 15, 16],
    truth: [[RUST], [RUST], [HEALTHY], [RUST], [HEALTHY], [HEALTHY]],
    scores: [0.9, 0.6, 0.7, 0.2, 0.1, 0.3],
    best: [RUST, RUST, RUST, HEALTHY, HEALTHY, HEALTHY],
    best_scores: [0.9, 0.6, 0.7, 0.8, 0.9, 0.7],
    looked: [], corrected: [], ...more,
  };
}

function several() {
  return {
    label: RUST, multi: true, threshold: 0.5, thresholds: { [HEALTHY]: 0.5, [RUST]: 0.5 }, labels,
    images: [11, 12, 13],
    truth: [[HEALTHY, RUST], [], [RUST]],
    scores: [0.9, 0.6, 0.4],
    given: [[HEALTHY, RUST], [RUST], []],
    looked: [], corrected: [],
  };
}

test("Wilson's interval is the one that Python computes", () => {
  const [low, high] = wilson(16, 20);
  assert.ok(Math.abs(low - 0.5840) < 5e-5 && Math.abs(high - 0.9193) < 5e-5);
  assert.deepEqual(wilson(0, 0), [0, 1]);
  assert.equal(wilson(5, 5)[1], 1);
  assert.equal(wilson(0, 5)[0], 0);
});

test("counts at a threshold, by hand", () => {
  assert.deepEqual(numbers.counts(single(), 0), { tp: 2, fp: 1, fn: 1 });
  assert.deepEqual(numbers.counts(single(), 0.65), { tp: 1, fp: 1, fn: 2 });
  assert.deepEqual(numbers.counts(single(), 0.95), { tp: 0, fp: 0, fn: 3 });
  assert.deepEqual(numbers.counts(several(), 0.5), { tp: 1, fp: 1, fn: 1 });
  assert.deepEqual(numbers.counts(several(), 0.4), { tp: 2, fp: 1, fn: 0 });
});

test("a threshold is reached by what equals it", () => {
  assert.equal(numbers.called(several(), 1, 0.6), true);
  assert.equal(numbers.called(several(), 1, 0.61), false);
});

test("a label that is not the likeliest is never given, however low the threshold", () => {
  const data = single();
  data.scores[3] = 0.49;
  assert.equal(numbers.called(data, 3, 0), false);
});

test("false positives come surest first, the others least sure first", () => {
  const data = single();
  data.truth[1] = [HEALTHY];
  assert.deepEqual(numbers.lists(data, 0), { fp: [2, 1], fn: [3], tp: [0] });
});

test("rates are null where there is nothing to divide by", () => {
  const none = numbers.rates({ tp: 0, fp: 0, fn: 0 });
  assert.deepEqual([none.precision, none.recall, none.f1], [null, null, null]);
  assert.equal(numbers.rates({ tp: 2, fp: 1, fn: 1 }).f1, 4 / 6);
});

test("mistakes of every label follow the threshold of the page's label", () => {
  const at = (t) => Object.fromEntries(numbers.mistakes(single(), t));
  assert.deepEqual(at(0), { [HEALTHY]: { fp: 1, fn: 1 }, [RUST]: { fp: 1, fn: 1 } });
  // From 0.65 up image 12 is unknown: missed as rust, given to nobody.
  assert.deepEqual(at(0.65), { [HEALTHY]: { fp: 1, fn: 1 }, [RUST]: { fp: 1, fn: 2 } });
});

test("the confusion counts pairs, and unknown", () => {
  const found = Object.fromEntries(numbers.confusion(single(), 0.65));
  assert.deepEqual(found, { "2>2": 1, "2>unknown": 1, "1>2": 1, "2>1": 1, "1>1": 2 });
});

test("a cell holds its images, surest first", () => {
  assert.deepEqual(numbers.cell(single(), 0, { truth: HEALTHY, predicted: HEALTHY }), [4, 5]);
  assert.deepEqual(numbers.cell(single(), 0.65, { truth: RUST, predicted: null }), [1]);
});

test("of several labels a cell holds images that miss the one and wrongly get the other", () => {
  const data = several();
  data.images.push(14);
  data.truth.push([RUST]);
  data.scores.push(0.45);
  data.given.push([HEALTHY]);
  assert.deepEqual(numbers.cell(data, 0.5, { truth: RUST, predicted: HEALTHY }), [3]);
  assert.deepEqual(numbers.cell(data, 0.5, { truth: RUST, predicted: null }), [2]);
  assert.deepEqual(numbers.cell(data, 0.3, { truth: RUST, predicted: HEALTHY }), []);
});

test("of several labels a common threshold counts at every label, also after a correction", () => {
  const from = (t, n) => Array.from({ length: 101 }, (_, at) => (at <= 100 * t ? n : 0));
  const data = {
    ...several(), everywhere: 0.7, top: [[[RUST, 0.9], [HEALTHY, 0.8]], [[RUST, 0.6]], [[RUST, 0.4]]],
    each: {
      [HEALTHY]: { tp: from(0.8, 1), fp: from(0, 0), support: 1 },
      [RUST]: { tp: from(0.9, 1), fp: from(0.6, 1), support: 2 },
    },
  };
  const at = (t, changed) => { const { fp, fn } = numbers.mistakes({ ...data, everywhere: t }, 0.5, changed).get(RUST); return [fp, fn]; };
  assert.deepEqual([at(0.7), at(0.6), at(0.95)], [[0, 1], [1, 1], [0, 2]]);
  data.truth[1] = [RUST]; // a person says that the second is rust after all
  assert.deepEqual([at(0.7, [[1, []]]), at(0.6, [[1, []]])], [[0, 2], [0, 1]]);
});

test("the best F1 is found, at the lowest of equal thresholds", () => {
  assert.deepEqual(numbers.bestF1(single()), { t: 0, f1: 4 / 6 });
  const found = numbers.bestF1(several());
  assert.equal(found.t, 0);
  assert.equal(found.f1, (2 * 2) / (2 * 2 + 1));
});

test("the histogram holds every image once", () => {
  const found = numbers.histogram(single(), 0.65, 10);
  const sum = (counts) => counts.reduce((a, b) => a + b, 0);
  assert.deepEqual(
    [found.yesCalled, found.yesNot, found.noCalled, found.noNot].map(sum), [1, 2, 1, 2]);
  assert.equal(found.yesCalled[9], 1);
});

test("the curve stops where too little is called", () => {
  const points = numbers.curve(single());
  assert.deepEqual([points[0].recall, points[0].precision], [2 / 3, 2 / 3]);
  assert.ok(points.every((point) => point.t <= 0.6));
});

test("a label key replaces the label, or toggles one of several", () => {
  assert.deepEqual(numbers.fixed(single(), 0, HEALTHY), [HEALTHY]);
  assert.deepEqual(numbers.fixed(several(), 0, RUST), [HEALTHY]);
  assert.deepEqual(numbers.fixed(several(), 1, RUST), [RUST]);
});

// ---- images that are only counted ----

const flat = (n) => new Array(101).fill(n);
const rest = {
  images: 10, support: 4, yes: flat(3), no: flat(2), yes_bins: new Array(40).fill(0), no_bins: [10, ...new Array(39).fill(0)],
  mistakes: { [RUST]: [2, 1], [HEALTHY]: [0, 5] }, confusion: [[RUST, HEALTHY, 3], [RUST, null, 1]],
};

test("what is not sent is counted along", () => {
  const data = single({ rest });
  assert.deepEqual(numbers.counts(data, 0), { tp: 5, fp: 3, fn: 2 });
  assert.deepEqual(Object.fromEntries(numbers.mistakes(data, 0)), { [HEALTHY]: { fp: 1, fn: 6 }, [RUST]: { fp: 3, fn: 2 } });
  const cells = numbers.confusion(data, 0);
  assert.deepEqual([cells.get("2>1"), cells.get("2>unknown")], [4, 1]);
  assert.equal(numbers.histogram(data, 0).noNot[0], 10);
});

test("a threshold between two hundredths counts what the next one calls", () => {
  const steps = flat(0).map((_, i) => (i <= 50 ? 1 : 0));
  const data = single({ rest: { ...rest, support: 0, yes: flat(0), no: steps } });
  assert.equal(numbers.counts(data, 0.5).fp - numbers.counts(data, 0.501).fp, 1);
});

// ---- all labels together ----

test("all labels together follow a correction at once", () => {
  const all = { tp: flat(4), fp: flat(2), support: 6 };
  const data = single({ all, top: single().truth.map(() => []) });
  assert.deepEqual(numbers.countsOfAll(data, 0), { tp: 4, fp: 2, fn: 2 });
  data.truth[2] = [RUST];
  assert.deepEqual(numbers.countsOfAll(data, 0, [[2, [HEALTHY]]]), { tp: 5, fp: 1, fn: 1 });
});

test("a threshold for every label makes others unknown, too", () => {
  const data = single({ everywhere: 0.75 });
  assert.deepEqual(numbers.given(data, 5, 0.75), []);
  assert.deepEqual(numbers.given(data, 4, 0.75), [HEALTHY]);
});

test("a wished precision is reached by the lower end, or by the value alone", () => {
  const at = (t, precision, low) => ({ t, precision, precisionInterval: [low, 1], recall: 0.5, f1: 0.5 });
  const points = [at(0, 0.7, 0.5), at(0.3, 0.91, 0.8), at(0.6, 0.97, 0.9)];
  const found = numbers.wished(points, 0.9);
  assert.deepEqual([found.surely.t, found.likely.t], [0.6, 0.3]);
  assert.deepEqual(numbers.wished(points, 0.99), { surely: null, likely: null });
});

// ---- picking ----

test("a range goes from the last one touched, in the order of the page", () => {
  const picking = new Picking();
  const order = [5, 3, 9, 1];
  picking.toggle(3);
  picking.range(order, 1);
  assert.deepEqual(picking.forAction(order, 5), [3, 9, 1]);
  picking.toggle(9);
  assert.deepEqual(picking.forAction(order, 5), [3, 1]);
  picking.clear();
  assert.deepEqual(picking.forAction(order, 5), [5]);
  assert.deepEqual(picking.forAction(order, -1), []);
});

test("the most frequent label among the nearest is told", () => {
  const named = new Map(labels.map((label) => [label.id, label]));
  const near = [{ labels: [RUST] }, { labels: [HEALTHY] }, { labels: [RUST] }];
  assert.equal(finding(near, named), "2 of the 3 nearest are rust.");
  assert.equal(finding([], named), "");
});

// ---- answers ----

function answers(data, send = async () => {}) {
  const told = [];
  const sent = [];
  const made = new Answers(data, { answer: "/a", undo: "/u", send: "/s" }, "token", (words) => told.push(words), async (...request) => {
    sent.push(request);
    return send(...request);
  });
  return { made, told, sent };
}

test("an answer counts at once and is sent with its own uuid", async () => {
  const data = single();
  const { made, sent } = answers(data);
  made.give(2, [RUST], "u-1");
  assert.deepEqual(numbers.counts(data, 0), { tp: 3, fp: 0, fn: 1 });
  assert.deepEqual([made.looked.size, made.corrected.size], [1, 1]);
  await made.settled();
  assert.deepEqual(sent, [["/a", [["image", 13], ["uuid", "u-1"], ["labels", RUST]], "token"]]);
});

test("saying that the label is right corrects nothing", () => {
  const { made } = answers(single());
  made.give(2, [HEALTHY], "u-1");
  assert.deepEqual([made.looked.size, made.corrected.size], [1, 0]);
});

test("undo restores the labels and tells the server which answer", async () => {
  const data = single();
  const { made, sent } = answers(data);
  made.give(2, [RUST], "u-1");
  assert.equal(made.undo(), 2);
  assert.deepEqual(data.truth[2], [HEALTHY]);
  assert.deepEqual([made.looked.size, made.corrected.size, made.canUndo], [0, 0, false]);
  await made.settled();
  assert.deepEqual(sent[1], ["/u", [["uuid", "u-1"]], "token"]);
  assert.equal(made.undo(), null);
});

test("an answer that is refused is taken back and said", async () => {
  const data = single();
  const { made, told } = answers(data, async () => {
    throw new Error("The label rust is retired; choose another.");
  });
  made.give(2, [RUST], "u-1");
  await made.settled();
  assert.deepEqual(data.truth[2], [HEALTHY]);
  assert.deepEqual(told, ["The label rust is retired; choose another."]);
  assert.equal(made.canUndo, false);
});

test("answers are sent in order, each after the one before", async () => {
  const order = [];
  const { made } = answers(single(), async (_, fields) => {
    const uuid = fields.find(([name]) => name === "uuid")[1];
    if (uuid === "u-1") await new Promise((done) => setTimeout(done, 5));
    order.push(uuid);
  });
  made.give(2, [RUST], "u-1");
  made.give(3, [HEALTHY], "u-2");
  await made.settled();
  assert.deepEqual(order, ["u-1", "u-2"]);
});

test("answers of one press are undone together", async () => {
  const data = single();
  const { made, sent } = answers(data);
  for (const i of [2, 4]) made.give(i, [RUST], `u-${i}`, "together");
  assert.deepEqual(made.changed, [[2, [HEALTHY]], [4, [HEALTHY]]]);
  assert.equal(made.undo(), 2);
  assert.deepEqual([data.truth[2], data.truth[4], made.canUndo], [[HEALTHY], [HEALTHY], false]);
  await made.settled();
  assert.deepEqual(sent.slice(2).map(([url]) => url), ["/u", "/u"]);
});

test("images go to another person, and undo takes them back", async () => {
  const { made, sent } = answers(single());
  const heard = [];
  made.sendAway([1, 2], (words) => heard.push(words), "g");
  assert.deepEqual([...made.sent], [12, 13]);
  assert.equal(made.undo(), 1);
  assert.deepEqual([...made.sent], []);
  await made.settled();
  assert.deepEqual(sent, [["/s", [["images", "12,13"]], "token"], ["/s", [["images", "12,13"], ["back", "1"]], "token"]]);
  assert.deepEqual(heard, []);
});

test("an image that could not be sent is said, and not marked", async () => {
  const { made } = answers(single(), async () => ({ images: [12], detail: "Everybody has answered it." }));
  const heard = [];
  made.sendAway([1, 2], (...told) => heard.push(told));
  await made.settled();
  assert.deepEqual([...made.sent], [12]);
  assert.deepEqual(heard, [["Everybody has answered it.", 1]]);
});
