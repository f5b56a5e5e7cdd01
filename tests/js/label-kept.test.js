import assert from "node:assert/strict";
import { test } from "node:test";

import { fileOf } from "../../static/js/label-kept.js";

test("the file holds answers as the API takes them, undos, and the names of the images", () => {
  const answer = { kind: "answer", uuid: "a", body: { uuid: "a", item: 3, labels: [1] }, question: { name: "leaf.png" } };
  const undo = { kind: "undo", uuid: "z", body: { undo: "old" }, question: { name: "older.png" } };
  assert.deepEqual(fileOf([answer, undo], { project: 7, saved: "2026-01-02T00:00:00Z" }), {
    project: 7,
    saved: "2026-01-02T00:00:00Z",
    answers: [{ uuid: "a", item: 3, labels: [1] }],
    undos: [{ uuid: "z", undo: "old" }],
    images: { 3: "leaf.png" },
  });
});
