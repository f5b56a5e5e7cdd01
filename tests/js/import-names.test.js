import assert from "node:assert/strict";
import test from "node:test";

import { fits, order, wanted } from "../../static/js/import-names.js";

test("the imports that wait are read from one attribute", () => {
  assert.deepEqual([...wanted("7:1a2b 8:ffff ")], [["7", "1a2b"], ["8", "ffff"]]);
  assert.equal(wanted("").size, 0);
});

test("a name is found whatever its case and width", () => {
  assert.ok(fits("Rusty Leaf", " LEAF "));
  assert.ok(fits("ｒｕｓｔ", "rust"));
  assert.ok(!fits("rust", "mildew"));
});

test("names stand by rows or by name", () => {
  const names = [{ name: "b", rows: 2 }, { name: "C", rows: 9 }, { name: "a", rows: 2 }];
  assert.deepEqual(order(names, "rows").map(({ name }) => name), ["C", "a", "b"]);
  assert.deepEqual(order(names, "name").map(({ name }) => name), ["a", "b", "C"]);
  const numbered = [{ name: "leaf 10", rows: 1 }, { name: "leaf 9", rows: 1 }];
  assert.equal(order(numbered, "name")[0].name, "leaf 9");
});
