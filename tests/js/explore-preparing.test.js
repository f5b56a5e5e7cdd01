import assert from "node:assert/strict";
import test from "node:test";
import { Preparing, preparingWords } from "../../static/js/explore-preparing.js";

function place() {
  const parts = { p: {}, progress: {} };
  return { hidden: true, parts, querySelector: (name) => parts[name] };
}

const TOLD = { shown: 5000, images: 1_000_000, done: 20_000, total: 1_000_000 };

test("the note says how far it is, asks again, and goes when all is there", async () => {
  const box = place();
  const later = [];
  const replies = [{ preparing: { ...TOLD, done: 500_000 } }, { preparing: null }];
  let ready = 0;
  const note = new Preparing(box, { ask: async () => replies.shift(), ready: () => (ready += 1), later: (work) => later.push(work) });
  note.show(TOLD);
  note.show(TOLD);
  assert.equal(later.length, 1);
  assert.equal(box.hidden, false);
  assert.match(box.parts.p.textContent, /5,000 of 1,000,000/);
  await later.pop()();
  await new Promise(setImmediate);
  assert.equal(box.parts.progress.value, 500_000);
  await later.pop()();
  await new Promise(setImmediate);
  assert.equal(ready, 1);
  note.show(null);
  assert.equal(box.hidden, true);
});

test("without a connection it says so and tries again", async () => {
  const box = place();
  const later = [];
  const note = new Preparing(box, { ask: async () => Promise.reject(new Error()), ready: assert.fail, later: (work) => later.push(work) });
  note.show(TOLD);
  await later.pop()();
  await new Promise(setImmediate);
  assert.match(box.parts.p.textContent, /No connection/);
  assert.equal(later.length, 1);
  assert.equal(preparingWords({ images: 0 }).length > 0, true);
});
