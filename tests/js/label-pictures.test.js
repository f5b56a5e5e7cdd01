import assert from "node:assert/strict";
import { test } from "node:test";

import { bytesOf, decodedAhead } from "../../static/js/label-pictures.js";

const of = (width, height) => ({ width, height });

test("a picture takes four bytes per pixel, of the screen size at most", () => {
  assert.equal(bytesOf(of(320, 240)), 307_200);
  assert.equal(Math.round(bytesOf(of(8000, 6000))), 4 * 1600 * 1200);
});

test("pictures ahead are decoded as far as the memory for them reaches, two at the least", () => {
  const twelve = Array.from({ length: 12 }, () => of(1600, 1200));
  assert.equal(decodedAhead(twelve, [], 96 * 2 ** 20), 12);
  assert.equal(decodedAhead(twelve, [of(1600, 1600), of(1600, 1600)], 96 * 2 ** 20), 10);
  assert.equal(decodedAhead(twelve, [], 1), 2);
  assert.equal(decodedAhead([], []), 0);
});
