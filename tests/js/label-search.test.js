import assert from "node:assert/strict";
import { test } from "node:test";

import { addable, fit, fold, matches } from "../../static/js/label-search.js";

const labels = ["dress", "shirt", "T-shirt", "shoes", "black spot", "ホウレン草", "café"].map((name, pk) => ({ pk, name }));
const names = (typed) => matches(labels, typed).map((label) => label.name);

test("names are compared without case, width, accents and kana", () => {
  assert.equal(fold("  Café "), "cafe");
  assert.equal(fold("ＡＢＣ"), "abc");
  assert.equal(fold("ホウレン"), fold("ほうれん"));
  assert.notEqual(fold("か"), fold("が"));
});

test("the same name comes first, then beginnings, then words, then the rest", () => {
  assert.deepEqual(names("shirt"), ["shirt", "T-shirt"]);
  assert.deepEqual(names("s"), ["shirt", "shoes", "T-shirt", "black spot", "dress"]);
  assert.equal(fit("black spot", "spo"), 2);
  assert.equal(fit("dress", "x"), -1);
  assert.deepEqual(names("ほうれん"), ["ホウレン草"]);
});

test("nothing typed offers nothing, and the list is bounded", () => {
  assert.deepEqual(names("  "), []);
  const many = Array.from({ length: 100 }, (_, pk) => ({ pk, name: `label ${pk}` }));
  assert.equal(matches(many, "label").length, 8);
});

test("a name can be added once, tidied, and not when it is too long", () => {
  assert.equal(addable(labels, "  leaf   scorch "), "leaf scorch");
  assert.equal(addable(labels, "DRESS"), "");
  assert.equal(addable(labels, " "), "");
  assert.equal(addable(labels, "x".repeat(41)), "");
});
