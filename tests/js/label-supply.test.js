import assert from "node:assert/strict";
import { test } from "node:test";

import { Desk } from "../../static/js/label-desk.js";
import { Supply } from "../../static/js/label-supply.js";

const question = (n, version = 1) => ({ item: n, image: 100 + n, why: { audit: false, model_version: version } });
const progress = (version = 1) => ({ since_round: 5, labeled: 20, model_version: version });

// A supply whose server gives `replies` to claims, one after another.
function supplyOf(ready, replies, { unsent = [], trouble = "" } = {}) {
  const asked = [];
  const released = [];
  const heard = [];
  const desk = new Desk({ ready });
  const server = {
    heard: 0,
    claim: async (count) => {
      asked.push(count);
      return replies.shift() ?? null;
    },
    release: async (items) => released.push(...items),
    poll: async () => ({ progress: progress(2) }),
  };
  const outbox = { active: true, trouble, unsent, wake: () => asked.push("wake") };
  const supply = new Supply({
    desk, server, outbox, ahead: 4, local: (each) => each, progress: progress(),
    heard: (...news) => heard.push(news),
  });
  return { supply, desk, asked, released, heard, outbox };
}

const reply = (numbers, version = 1, more = {}) => ({ items: numbers.map((n) => question(n, version)), progress: progress(version), ...more });

test("a low desk is filled, with room for what the server does not know is answered", async () => {
  const { supply, desk, asked } = supplyOf([question(1)], [reply([1, 2, 3, 4, 5])], { unsent: [{ kind: "answer" }, { kind: "undo" }] });
  await supply.more();
  assert.deepEqual(asked, [6]);
  assert.equal(desk.ready.length, 4);
  await supply.more();
  assert.deepEqual(asked, [6], "a full desk claims nothing");
});

test("two wishes at once are one claim", async () => {
  const { supply, asked } = supplyOf([], [reply([1, 2, 3, 4, 5])]);
  await Promise.all([supply.more(), supply.more()]);
  assert.deepEqual(asked, [5]);
});

test("nothing is claimed without a connection", async () => {
  const { supply, asked } = supplyOf([], [], { trouble: "offline" });
  await supply.more();
  assert.deepEqual(asked, []);
});

test("an empty queue says why", async () => {
  const { supply, heard } = supplyOf([], [reply([], 1, { empty: "all_answered" })]);
  await supply.more();
  assert.equal(heard[0][2], "all_answered");
});

test("a newer model gives back what nobody has seen and brings its own ranking", async () => {
  const { supply, desk, released } = supplyOf([1, 2, 3, 4].map((n) => question(n)), [reply([1, 2, 8, 9], 2)]);
  await supply.learn(progress(2));
  assert.deepEqual(released, [3, 4]);
  assert.deepEqual(desk.ready.map((each) => each.item), [2, 8, 9]);
  assert.equal(desk.shown.item, 1, "what a person sees stays");
});

test("the same model takes nothing away, whatever ranked the images", async () => {
  const { supply, desk, released } = supplyOf([1, 2, 3].map((n) => question(n, null)), []);
  await supply.learn(progress(1));
  assert.deepEqual(released, []);
  assert.equal(desk.ready.length, 2);
});

test("a look when nothing was heard learns of a newer model; in trouble it wakes the outbox", async () => {
  const { supply, heard } = supplyOf([question(1)], []);
  await supply.look(1000);
  assert.equal(heard[0][0].model_version, 2);
  const troubled = supplyOf([question(1)], [], { trouble: "offline" });
  await troubled.supply.look(1000);
  assert.deepEqual(troubled.asked, ["wake"]);
});

test("answers on the way are counted until the server counts them", async () => {
  const { supply } = supplyOf([question(1)], [], { unsent: [{ kind: "answer" }] });
  supply.count(1);
  assert.equal(supply.progress.labeled, 21);
  await supply.learn(progress(1));
  assert.deepEqual([supply.progress.labeled, supply.progress.since_round], [21, 6]);
});

// A supply on a clock of its own, whose server holds on what `held` says of the items.
function keptSupply(ready, held, { unsent = [] } = {}) {
  const there = supplyOf(ready, [], { unsent });
  const told = { kept: [], lost: 0, time: 0 };
  Object.assign(there.supply, { now: () => told.time, lost: () => (told.lost += 1), keptAt: 0, usedAt: 0 });
  there.supply.server.keep = async (items) => {
    told.kept.push(items);
    return { held: items.filter(held), progress: progress() };
  };
  return { ...there, told };
}

test("an open page holds on what lies there, every two minutes", async () => {
  const { supply, told } = keptSupply([1, 2].map((n) => question(n)), () => true);
  told.time = 119_000;
  await supply.look(1e9);
  assert.deepEqual(told.kept, []);
  told.time = 121_000;
  await supply.look(1e9, true);
  assert.deepEqual(told.kept, [[1, 2]], "also while nobody looks");
});

test("half an hour without a key and the claims may run out; a key looks after them at once", async () => {
  const { supply, told } = keptSupply([question(1)], () => true);
  told.time = 1_900_000;
  await supply.look(1e9, true);
  assert.deepEqual(told.kept, []);
  supply.used();
  assert.deepEqual(told.kept, [[1]]);
});

test("what went to somebody else is taken from the desk, and said when it was the one asked", async () => {
  const { supply, desk, told } = keptSupply([1, 2, 3].map((n) => question(n)), (item) => item === 3);
  await supply.keep();
  assert.deepEqual([desk.waiting, told.lost], [[3], 1]);
});

test("an image whose undo is still on its way is not asked about", async () => {
  const undo = { kind: "undo", question: question(1), body: { undo: "a" } };
  const { supply, told } = keptSupply([1, 2].map((n) => question(n)), () => true, { unsent: [undo] });
  await supply.keep();
  assert.deepEqual(told.kept, [[2]]);
});

test("a claim by somebody who is signed out says so", async () => {
  const { supply, outbox } = supplyOf([], []);
  let said = 0;
  outbox.signedOut = () => (said += 1);
  supply.server.signedOut = true;
  await supply.more();
  assert.equal(said, 1);
});
