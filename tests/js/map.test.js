import assert from "node:assert/strict";
import test from "node:test";
import { categories, categoryOf, styles } from "../../static/js/map-colours.js";
import { DIFFER, NONE, passing, unpack } from "../../static/js/map-data.js";
import { labelPlaces } from "../../static/js/map-filters.js";
import { cardPlace, pointWords } from "../../static/js/map-hover.js";
import { inside, Near } from "../../static/js/map-near.js";
import { Pace } from "../../static/js/map-pace.js";
import { peaks, pictures } from "../../static/js/map-signs.js";
import { MapView } from "../../static/js/map-view.js";

function packed(n) {
  const head = { n, labels: [{ id: 7, name: "rust", mark: 2 }], people: ["ann"], clusters: 0 };
  let text = JSON.stringify(head);
  while ((text.length + 4) % 8) text += " ";
  const buffer = new ArrayBuffer(4 + text.length + n * 22);
  new DataView(buffer).setUint32(0, text.length, true);
  new Uint8Array(buffer, 4, text.length).set(new TextEncoder().encode(text));
  const at = 4 + text.length;
  new Float64Array(buffer, at, n).forEach((_, i, all) => (all[i] = 100 + i));
  new Float32Array(buffer, at + 8 * n, 2 * n).set([...Array(2 * n).keys()].map((i) => i / n - 1));
  new Uint8Array(buffer, at + 16 * n, n).set([0, NONE]);
  return buffer;
}

test("bytes become arrays", () => {
  const map = unpack(packed(4));
  assert.deepEqual([...map.ids], [100, 101, 102, 103]);
  assert.equal(map.places.length, 8);
  assert.deepEqual([...map.label.slice(0, 2)], [0, NONE]);
  assert.equal(map.labels[0].name, "rust");
});

test("filters dim what they do not let through", () => {
  const map = { n: 3, label: [0, NONE, 1], confidence: [254, 20, NONE], flags: [DIFFER, 0, 0] };
  const keep = (more) => [...passing(map, { labels: null, most: 1, differ: false, kept: null, ...more })];
  assert.deepEqual(keep({}), [1, 1, 1]);
  assert.deepEqual(keep({ labels: new Set([NONE]) }), [0, 1, 0]);
  assert.deepEqual(keep({ most: 0.5 }), [0, 1, 0]);
  assert.deepEqual(keep({ differ: true }), [1, 0, 0]);
  assert.deepEqual(keep({ kept: [0, 1, 1] }), [0, 1, 1]);
});

test("zooming keeps what is under the pointer", () => {
  const view = new MapView();
  view.resize(800, 600);
  view.fit();
  const before = view.toMap(200, 450);
  view.zoomAt(3, 200, 450);
  view.toMap(200, 450).forEach((v, i) => assert.ok(Math.abs(v - before[i]) < 1e-9));
  assert.ok(Math.abs(view.zoom - 3) < 1e-9);
  view.resize(400, 300);
  assert.ok(Math.abs(view.zoom - 3) < 1e-9);
  const [x, y] = view.toScreen(...view.toMap(33, 44));
  assert.ok(Math.abs(x - 33) < 1e-6 && Math.abs(y - 44) < 1e-6);
});

test("points are found at, around and within", () => {
  const places = new Float32Array([0, 0, 0.5, 0, 0, 0.5, -0.9, -0.9, 1, 1]);
  const near = new Near(places);
  assert.equal(near.at(0.02, 0.01, 0.1), 0);
  assert.equal(near.at(0.02, 0.01, 0.1, (i) => i !== 0), -1);
  assert.equal(near.at(1, 1, 0.01), 4);
  assert.deepEqual(near.within([[-0.1, -0.1], [0.7, -0.1], [0.7, 0.1], [-0.1, 0.1]]).sort(), [0, 1]);
  assert.equal(near.towards(0, [1, 0]), 1);
  assert.equal(near.towards(0, [0, 1]), 2);
  assert.equal(near.towards(4, [1, 0]), 4);
});

test("a line may be hollow", () => {
  const horseshoe = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]];
  assert.ok(inside(horseshoe, 0.5, 2));
  assert.ok(!inside(horseshoe, 1.5, 2));
});

test("each point has colour, shape and state; chosen ones are painted last", () => {
  const map = { n: 3, ids: [1, 2, 3], label: [0, NONE, 0], labels: [{ id: 7, name: "rust", mark: 4 }] };
  const found = categories(map, "label");
  const { style, order } = styles(map, "label", found, [1, 1, 0], (id) => id === 1);
  assert.deepEqual([...style.slice(0, 3)], [1, 4, 2]);
  assert.deepEqual([...style.slice(4, 7)], [0, 1, 1]);
  assert.deepEqual([...order], [2, 1, 0]);
});

test("confidence comes in steps, errors as two", () => {
  const map = { n: 2, confidence: [254, NONE], label: [0, 0], predicted: [1, NONE], flags: [DIFFER, 0] };
  assert.equal(categoryOf(map, "confidence", 0), 7);
  assert.equal(categoryOf(map, "confidence", 1), NONE);
  assert.equal(categoryOf(map, "error", 0), 0);
  assert.equal(categoryOf(map, "error", 1), NONE);
});

test("names stand where points are thickest, pictures where there are many", () => {
  const n = 60;
  const places = new Float32Array(2 * n).map((_, i) => (i < 80 ? 0.5 : -0.5) + (i % 7) / 100);
  const map = { n, places, label: new Uint8Array(n).fill(0), labels: [{}] };
  const keep = new Uint8Array(n).fill(1);
  const [peak] = peaks(map, "label", 1, keep);
  assert.ok(peak.x > 0.4 && peak.n === n);
  const view = new MapView();
  view.resize(800, 600);
  view.fit();
  const shown = pictures(map, new Near(places), view, keep, 9);
  assert.ok(shown.length >= 1 && shown.length <= 9);
});

test("a slow machine paints fewer points while the map moves, all of them at rest", () => {
  let now = 0;
  const pace = new Pace(() => now);
  assert.equal(pace.most(100_000), 100_000);
  pace.moving = true;
  now += 20;
  assert.equal(pace.most(100_000), 100_000);
  now += 100;
  assert.equal(pace.most(100_000), 50_000);
  now += 100;
  pace.most(100_000);
  now += 100;
  assert.equal(pace.most(100_000), 15_000);
  assert.equal(pace.rest(100_000), true);
  assert.equal(pace.most(100_000), 100_000);
  assert.equal(pace.rest(100_000), false);
});

test("the card stands beside its point and never over an edge", () => {
  const view = { width: 400, height: 300 };
  assert.deepEqual(cardPlace(100, 150, 160, 120, view), [116, 90]);
  assert.deepEqual(cardPlace(380, 10, 160, 120, view), [204, 8]);
  assert.deepEqual(cardPlace(100, 290, 160, 120, { width: 150, height: 300 }), [8, 172]);
});

test("a point's card tells what people and the model say, and nothing of one that is asked blind", () => {
  const map = { labels: [{ name: "rust" }], label: [NONE, 0], predicted: [NONE, 0], confidence: [NONE, 127], cluster: [3, NONE], clusters: 8 };
  assert.equal(pointWords(map, 0), "not labeled · cluster 4");
  assert.equal(pointWords(map, 1), "rust · the model says rust, 0.50");
});

test("ticked labels are places in the map's list, and those nobody labeled", () => {
  const box = (label, checked) => ({ checked, dataset: { label } });
  const labels = [{ id: 7 }, { id: 9 }];
  assert.equal(labelPlaces(labels, [box("7", true), box("9", true)]), null);
  assert.deepEqual([...labelPlaces(labels, [box("7", false), box("9", true), box("", true)])], [1, NONE]);
});
