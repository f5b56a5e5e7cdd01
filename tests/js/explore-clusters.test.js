import assert from "node:assert/strict";
import { test } from "node:test";

import { meant, stepped, takenOut } from "../../static/js/explore-cluster.js";
import { nextPlace } from "../../static/js/explore-cluster-list.js";
import { idsOf, nextOpen } from "../../static/js/explore-duplicates.js";

test("a cut without its exceptions is meant", () => {
  assert.deepEqual(meant([5, 6, 7, 8], 3, new Set([6, 8])), [5, 7]);
  assert.deepEqual(meant([5, 6], 0, new Set()), []);
});

test("what is missing from the choice inside the cut was taken out", () => {
  assert.deepEqual([...takenOut([5, 6, 7, 8], 3, (id) => id !== 6)], [6]);
});

test("a step moves the cut by a twentieth, at least by one, and stays inside", () => {
  assert.equal(stepped(100, -1, 100), 95);
  assert.equal(stepped(3, 1, 7), 4);
  assert.equal(stepped(7, 1, 7), 7);
  assert.equal(stepped(0, -1, 7), 0);
});

test("arrows walk the list and stop at its ends", () => {
  assert.equal(nextPlace("ArrowRight", -1, 3), 0);
  assert.equal(nextPlace("ArrowDown", 2, 3), 2);
  assert.equal(nextPlace("ArrowLeft", 0, 3), 0);
  assert.equal(nextPlace("a", 0, 3), null);
});

test("after a decision the next open group comes, else one before", () => {
  const group = (done) => ({ dataset: done ? { done: "", ids: "1,2" } : { ids: "3,4" } });
  const all = [group(false), group(true), group(true)];
  assert.equal(nextOpen(all, 1), all[0]);
  assert.equal(nextOpen([group(true)], 0), null);
  assert.deepEqual(idsOf(all[0]), [3, 4]);
});
