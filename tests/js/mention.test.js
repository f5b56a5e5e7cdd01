import assert from "node:assert/strict";
import { test } from "node:test";

import { matching, partial, taken } from "../../static/js/mention.js";

const PEOPLE = [
  { name: "clara", words: "Clara Weber", role: "reviewer" },
  { name: "dora", words: "Dora Clark", role: "admin" },
  { name: "owner", words: "", role: "" },
];

test("a name is being written right after an @, and not in an address", () => {
  assert.equal(partial("ask @cl", 7), "cl");
  assert.equal(partial("@", 1), "");
  assert.equal(partial("質問@cl", 5), "cl");
  assert.equal(partial("me@cl", 5), null);
  assert.equal(partial("@clara and", 10), null);
  assert.equal(partial("@clara", 3), "cl");
});

test("names that begin so come before people whose other name does", () => {
  assert.deepEqual(matching(PEOPLE, "CL").map((one) => one.name), ["clara", "dora"]);
  assert.deepEqual(matching(PEOPLE, "").map((one) => one.name), ["clara", "dora", "owner"]);
  assert.deepEqual(matching(PEOPLE, "x"), []);
});

test("the name takes the place of what was written, with one space after it", () => {
  assert.deepEqual(taken("ask @cl now", 7, "cl", "clara"), { text: "ask @clara now", cursor: 11 });
  assert.deepEqual(taken("@", 1, "", "dora"), { text: "@dora ", cursor: 6 });
});
