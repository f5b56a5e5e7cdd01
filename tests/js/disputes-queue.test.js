import assert from "node:assert/strict";
import { test } from "node:test";
import { Disputes } from "../../static/js/disputes-queue.js";

const cases = (...images) => images.map((image) => ({ image, sides: [] }));
const refusal = (code) => Object.assign(new Error("no"), code ? { code } : {});

test("a decision shows the next case at once and sends the labels", async () => {
  const sent = [];
  const queue = new Disputes(cases(1, 2), async (kind, fields) => {
    sent.push([kind, ...fields.map((pair) => pair.join("="))]);
    return { waiting: 1 };
  });
  queue.decide({ labels: [7, 8] }, "u");
  assert.equal(queue.now.image, 2);
  queue.decide({ skip: "not_applicable" }, "v");
  assert.equal(queue.now, null);
  await queue.settled();
  assert.deepEqual(sent, [
    ["settle", "image=1", "uuid=u", "labels=7", "labels=8"],
    ["settle", "image=2", "uuid=v", "skip=not_applicable"],
  ]);
});

test("undo shows the last case again, after its decision was sent", async () => {
  const sent = [];
  const queue = new Disputes(cases(1, 2), async (kind) => sent.push(kind));
  queue.decide({ labels: [7] }, "u");
  assert.equal(queue.last.case.image, 1);
  queue.undo();
  assert.equal(queue.now.image, 1);
  assert.equal(queue.last, null);
  assert.equal(queue.undo(), null);
  await queue.settled();
  assert.deepEqual(sent, ["settle", "undo"]);
});

test("without a connection the case comes back; settled by somebody else it does not", async () => {
  const told = [];
  const errors = [refusal(), refusal("settled")];
  const queue = new Disputes(cases(1, 2), async () => { throw errors.shift(); }, { failed: (words) => told.push(words) });
  queue.decide({ labels: [7] }, "u");
  await queue.settled();
  assert.equal(queue.now.image, 1);
  assert.equal(queue.last, null);
  queue.decide({ labels: [7] }, "v");
  await queue.settled();
  assert.equal(queue.now.image, 2);
  assert.deepEqual(told, ["no", "no"]);
});

test("an undo that fails leaves the decision as it is", async () => {
  const queue = new Disputes(cases(1, 2), async (kind) => { if (kind === "undo") throw refusal(); });
  queue.decide({ labels: [7] }, "u");
  queue.undo();
  await queue.settled();
  assert.equal(queue.now.image, 2);
  assert.equal(queue.last.uuid, "u");
});

test("later puts a case behind the others; further cases come once", () => {
  const queue = new Disputes(cases(1, 2), async () => ({}));
  queue.later();
  queue.add(cases(1, 3));
  assert.deepEqual(queue.cases.map((each) => each.image), [2, 1, 3]);
  assert.deepEqual(queue.known, [1, 2, 3]);
});
