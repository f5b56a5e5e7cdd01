import assert from "node:assert/strict";
import { test } from "node:test";

import { fits, moved, placeAt } from "../../static/js/label-order.js";

test("a label goes where it is taken, and no further than the ends", () => {
  const rows = ["a", "b", "c", "d"];
  assert.deepEqual(moved(rows, 3, 0), ["d", "a", "b", "c"]);
  assert.deepEqual(moved(rows, 0, 2), ["b", "c", "a", "d"]);
  assert.deepEqual(moved(rows, 1, 99), ["a", "c", "d", "b"]);
  assert.deepEqual(moved(rows, 1, -5), ["b", "a", "c", "d"]);
  assert.deepEqual(rows, ["a", "b", "c", "d"]);
});

test("a pointer means the place above the row whose middle it has not reached", () => {
  assert.equal(placeAt([10, 30, 50], 5), 0);
  assert.equal(placeAt([10, 30, 50], 31), 2);
  assert.equal(placeAt([10, 30, 50], 80), 3);
});

test("the filter looks past case, accents and kana", () => {
  assert.ok(fits("Rouille é", "E"));
  assert.ok(fits("サビ病", "さび"));
  assert.ok(!fits("rust", "mildew"));
});
