import assert from "node:assert/strict";
import { test } from "node:test";

import { oneTab } from "../../static/js/one-tab.js";

const heardBy = () => {
  const heard = [];
  return { heard, tab: { sitDown: async () => heard.push("sit"), standUp: () => heard.push("stand") } };
};
const tick = () => new Promise((resolve) => setImmediate(resolve));

test("a free place is taken", async () => {
  const { heard, tab } = heardBy();
  await oneTab("desk", tab, { request: async (name, options, held) => held({ name }) }).take();
  await tick();
  assert.deepEqual(heard, ["sit"]);
});

test("a taken place is not", async () => {
  const { heard, tab } = heardBy();
  await oneTab("desk", tab, { request: async (name, options, held) => held(null) }).take();
  await tick();
  assert.deepEqual(heard, ["stand"]);
});

test("who loses the place stands up", async () => {
  const { heard, tab } = heardBy();
  const stolen = async (name, options, held) => {
    held({ name });
    throw new DOMException("stolen", "AbortError");
  };
  await oneTab("desk", tab, { request: stolen }).take();
  await tick();
  assert.deepEqual(heard, ["sit", "stand"]);
});

test("without locks, over plain http, there is one place for everybody", async () => {
  const { heard, tab } = heardBy();
  await oneTab("desk", tab, undefined).take();
  assert.deepEqual(heard, ["sit"]);
});
