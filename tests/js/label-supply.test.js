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
