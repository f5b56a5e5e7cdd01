// How far a chart must reach when a forecast and a replay lie beside the curve.
import assert from "node:assert/strict";
import test from "node:test";

import { extent } from "../../static/js/chart-ahead.js";

const none = { labels: [], value: [], low: [], high: [] };
const curve = { labels: [20, 40], value: [0.6, 0.7], low: [0.5, 0.6], high: [0.7, 0.8], target: 0.9 };

test("the curve alone", () => {
  assert.deepEqual(extent({ ...curve, ahead: none, drawn: none }), { labels: 40, low: 0.5 });
  assert.deepEqual(extent(curve), { labels: 40, low: 0.5 });
});

test("a forecast reaches further to the right, a replay lower", () => {
  const ahead = { labels: [40, 140], value: [0.7, 0.8], low: [0.65, 0.7], high: [0.75, 0.9] };
  const drawn = { labels: [10, 90], value: [0.3, 0.6], low: [0.2, 0.5], high: [0.4, 0.7] };
  assert.deepEqual(extent({ ...curve, ahead, drawn }), { labels: 140, low: 0.3 });
});
