import assert from "node:assert/strict";
import { test } from "node:test";

import { Batches } from "../../static/js/grid-batches.js";
import { itemsOf } from "../../static/js/grid-claims.js";
import { GridPage } from "../../static/js/grid-page.js";
import { placeAfter } from "../../static/js/grid-sheet.js";
import { commitWords, restWords, savedWords, surely } from "../../static/js/grid-words.js";

const RUST = 1;
const MILDEW = 2;
const pageOf = (...items) => new GridPage(RUST, items.map((item) => ({ item, image: 100 + item, label: RUST, confidence: 1 - item / 100 })));
const itemsIn = (tiles) => tiles.map((tile) => tile.question.item);
let made = 0;
const uuid = () => `uuid-${(made += 1)}`;

test("everything is ticked until it is taken out, and put back by the same key", () => {
  const page = pageOf(1, 2, 3);
  page.goTo(1);
  page.flip();
  assert.deepEqual([itemsIn(page.picked), itemsIn(page.takenOut)], [[1, 3], [2]]);
  page.flip();
  assert.deepEqual(itemsIn(page.picked), [1, 2, 3]);
});

test("a range is taken out as one, also where a part of it was out already", () => {
  const page = pageOf(1, 2, 3, 4, 5);
  page.goTo(2);
  page.flip();
  page.goTo(1);
  page.goTo(3, { extend: true });
  page.flip();
  assert.deepEqual(itemsIn(page.takenOut), [2, 3, 4]);
  page.flip();
  assert.deepEqual(itemsIn(page.takenOut), []);
  page.goTo(0);
  assert.deepEqual(page.chosen, [0], "moving without Shift ends the range");
});

test("Shift and a press spread what was done to the image before, in both directions", () => {
  const page = pageOf(1, 2, 3, 4, 5);
  page.goTo(3);
  page.flip();
  page.spread(1);
  assert.deepEqual(itemsIn(page.takenOut), [2, 3, 4]);
});

test("another label is given; the page's own puts an image back", () => {
  const page = pageOf(1, 2, 3);
  page.give(MILDEW);
  page.goTo(1);
  page.flip();
  page.give(RUST);
  assert.deepEqual([itemsIn(page.others), itemsIn(page.picked), itemsIn(page.takenOut)], [[1], [2, 3], []]);
});

test("what is sent: an answer for each image that stays, its share of the time, what went back", () => {
  const page = pageOf(1, 2, 3, 4);
  page.give(MILDEW, [0]);
  page.flip([1]);
  page.tiles[3].missing = true;
  const body = page.body("batch", uuid, 3000);
  assert.equal(body.batch, "batch");
  assert.deepEqual(body.answers.map(({ item, labels, elapsed_ms, suggestion_shown }) => [item, labels, elapsed_ms, suggestion_shown]), [[1, [MILDEW], 1500, true], [3, [RUST], 1500, true]]);
  assert.deepEqual(body.taken_out, [2]);
  assert.equal(new Set(body.answers.map((each) => each.uuid)).size, 2);
});

test("an undo brings back what was answered, as it was answered", () => {
  const page = pageOf(1, 2, 3);
  page.give(MILDEW, [0]);
  page.flip([1]);
  const again = page.again();
  assert.deepEqual([again.items, again.others.length, again.label], [[1, 3], 1, RUST]);
});

test("images that somebody else has leave the page; the marker stays on it", () => {
  const page = pageOf(1, 2, 3);
  page.goTo(2);
  assert.equal(page.lose([3, 9]), true);
  assert.deepEqual([page.items, page.cursor], [[1, 2], 1]);
  assert.equal(page.lose([9]), false);
});

test("the marker stays within the sheet", () => {
  const page = pageOf(1, 2, 3);
  assert.equal(page.goTo(3), false);
  assert.equal(page.goTo(-1), false);
  assert.equal(page.cursor, 0);
  assert.equal(placeAfter("ArrowDown", 4, 4, 7), 4);
  assert.equal(placeAfter("ArrowDown", 2, 4, 7), 6);
  assert.equal(placeAfter("ArrowUp", 6, 4, 7), 2);
  assert.equal(placeAfter("ArrowLeft", 0, 4, 7), 0);
});

test("after a reload the last page can be undone, unless the outbox undoes it already", () => {
  const batches = new Batches([{ batch: "a", label: RUST, answers: 3 }]);
  const page = { uuid: "b", kind: "grid", label: RUST, body: { answers: [{ item: 7 }], taken_out: [8] } };
  batches.replay([page, { uuid: "x", kind: "answer", body: { item: 9 } }]);
  assert.equal(batches.last.batch, "b");
  batches.replay([{ uuid: "c", kind: "grid-undo", body: { batch: "b" } }]);
  assert.equal(batches.last.batch, "a");
  assert.deepEqual(itemsOf([page, { kind: "answer", body: { item: 9 } }, { kind: "undo", body: { undo: "z" } }]), [7, 8, 9]);
});

test("the black button says what it does, in numbers", () => {
  assert.equal(commitWords({ labels: 32, others: 2, out: 1 }, "rust"), "Label 32 as rust");
  assert.equal(commitWords({ labels: 0, others: 2, out: 1 }, "rust"), "Save 2 answers");
  assert.equal(commitWords({ labels: 0, others: 0, out: 3 }, "rust"), "Send all back to the queue");
  assert.equal(restWords({ out: 3, others: 1 }), "3 taken out · 1 gets another label");
});

test("what the server did not take is told; what it took is not", () => {
  const lost = { code: "claim_lost", status: 409 };
  assert.equal(savedWords({ saved: 2, results: [{ status: 201 }, { status: 201 }] }), "");
  assert.match(savedWords({ saved: 1, results: [lost, { status: 201 }] }), /^Somebody else answered 1 of these images first\. 1 saved/);
  assert.match(savedWords({ saved: 1, results: [{ code: "retired_label", status: 422, detail: "Gone." }] }), /not taken: Gone\./);
});

test("a model is never shown as sure beyond doubt", () => {
  assert.deepEqual([0.999, 1, 0.8799, 0.29].map(surely), ["99\u00a0%", "99\u00a0%", "87\u00a0%", "29\u00a0%"]);
});
