import assert from "node:assert/strict";
import { test } from "node:test";
import { Suspects } from "../../static/js/suspects-list.js";

const cases = (...images) => images.map((image) => ({ image, sides: [], rather: image === 2 ? null : [9] }));
const ids = (list) => list.each.map((one) => one.image);
const uuids = () => {
  let n = 0;
  return () => `u${(n += 1)}`;
};
const recorder = (sent, refuse = () => false) => async (kind, fields) => {
  sent.push([kind, ...fields.map((pair) => pair.join("="))]);
  if (refuse(kind, fields)) throw new Error("no");
};

test("a key acts on the image shown, and the next one is shown", async () => {
  const sent = [];
  const list = new Suspects(cases(1, 2, 3), recorder(sent));
  list.step(1);
  list.relabel(() => [7, 8], uuids());
  assert.deepEqual([ids(list), list.now.image], [[1, 3], 3]);
  await list.settled();
  assert.deepEqual(sent, [["answer", "image=2", "uuid=u1", "labels=7", "labels=8"]]);
});

test("several are answered one by one and taken back together, in their places", async () => {
  const sent = [];
  const list = new Suspects(cases(1, 2, 3), recorder(sent));
  list.chooseAll();
  list.relabel((one) => one.rather, uuids());
  assert.deepEqual([ids(list), [...list.chosen]], [[2], [2]]);
  list.undo();
  assert.deepEqual([ids(list), list.now.image], [[1, 2, 3], 1]);
  await list.settled();
  assert.deepEqual(sent.slice(2), [["undo", "uuid=u2"], ["undo", "uuid=u1"]]);
  assert.deepEqual(list.undo(), []);
});

test("confirming goes in one, without images on which people disagree", async () => {
  const sent = [];
  const [one, two] = cases(1, 2);
  const list = new Suspects([{ ...one, sides: [{}] }, two], recorder(sent));
  list.chooseAll();
  assert.deepEqual(list.settle("confirm").map(({ image }) => image), [2]);
  list.undo();
  await list.settled();
  assert.deepEqual(sent, [["confirm", "images=2"], ["doubt", "images=2"]]);
  assert.deepEqual(ids(list), [1, 2]);
});

test("what the server refuses comes back and says why; the rest stays decided", async () => {
  const told = [];
  const refuse = (kind, fields) => fields.some(([, value]) => value === 1);
  const list = new Suspects(cases(1, 3, 4), recorder([], refuse), (words) => told.push(words));
  list.toggle(1);
  list.toggle(3);
  list.relabel(() => [7], uuids());
  assert.deepEqual(ids(list), [4]);
  await list.settled();
  assert.deepEqual([ids(list), told], [[1, 4], ["no"]]);
  list.undo();
  assert.deepEqual(ids(list), [1, 3, 4]);
});

test("asking somebody else can be taken back", async () => {
  const sent = [];
  const list = new Suspects(cases(1), recorder(sent));
  list.settle("send");
  assert.equal(list.now, null);
  list.undo();
  await list.settled();
  assert.deepEqual(sent, [["send", "images=1"], ["send", "images=1", "take_back=1"]]);
});
