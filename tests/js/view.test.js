import assert from "node:assert/strict";
import { test } from "node:test";

import { clamped, fit, fullScale, mostScale, scaled, sharpWidth, stepFrom, STILL, transformOf } from "../../static/js/view.js";

const FRAME = { width: 1000, height: 600 };
const WIDE = { width: 4000, height: 2000 };

test("a picture fits by its tighter side, also when it is turned", () => {
  assert.equal(fit(FRAME, WIDE), 0.25);
  assert.equal(fit(FRAME, WIDE, 1), 0.15);
  assert.equal(fit(FRAME, { width: 10, height: 10 }), 60);
});

test("full size is one pixel for one, but never less than double", () => {
  assert.equal(fullScale(FRAME, WIDE), 4);
  assert.equal(fullScale(FRAME, { width: 800, height: 500 }), 2);
});

test("steps go up and down and stop at both ends", () => {
  assert.equal(stepFrom(1, 1), 1.5);
  assert.equal(stepFrom(2.5, 1), 3);
  assert.equal(stepFrom(2.5, -1), 2);
  assert.equal(stepFrom(1, -1), 1);
  assert.equal(stepFrom(8, 1, 8), 8);
  assert.equal(stepFrom(40, -1), 24);
});

test("what lies under the pointer stays there", () => {
  const point = { x: 120, y: -80 };
  const view = scaled({ scale: 2, x: 30, y: 10, turn: 0 }, 5, point);
  const below = ({ scale, x, y }) => [(point.x - x) / scale, (point.y - y) / scale];
  assert.deepEqual(below(view), below({ scale: 2, x: 30, y: 10 }));
});

test("an edge of the picture is never drawn into the frame", () => {
  const far = clamped({ scale: 2, x: 9000, y: -9000, turn: 0 }, FRAME, WIDE);
  assert.deepEqual([far.x, far.y], [500, -200]); // 2000 × 1000 in 1000 × 600
  const turned = clamped({ scale: 2, x: 9000, y: -9000, turn: 1 }, FRAME, WIDE);
  assert.deepEqual([turned.x, turned.y], [0, -300]); // 600 × 1200
  assert.deepEqual(clamped({ ...STILL, x: 7 }, FRAME, WIDE), STILL);
});

test("an untouched picture has no transform; a turned one fits again", () => {
  assert.equal(transformOf(STILL, FRAME, WIDE), "");
  assert.equal(transformOf({ ...STILL, turn: 1 }, FRAME, WIDE), "translate(0px, 0px) rotate(90deg) scale(0.6000)");
});

test("no more of the original is decoded than the view can show", () => {
  const large = { width: 8000, height: 6000 };
  const at = (scale, most = 64e6) => sharpWidth({ ...STILL, scale }, FRAME, large, 1, most);
  assert.equal(at(2), 2000); // 1600 are needed
  assert.equal(at(4), 4000);
  assert.equal(at(10), 8000);
  assert.equal(at(10, 16e6), 4000); // a phone
  assert.equal(sharpWidth({ ...STILL, scale: 2 }, FRAME, large, 2, 64e6), 4000); // a dense screen
});

test("small pictures grow eight times, large ones until their pixels are four on the screen", () => {
  assert.equal(mostScale(FRAME, { width: 500, height: 300 }), 8);
  assert.equal(mostScale(FRAME, WIDE), 16);
  assert.equal(mostScale(FRAME, { width: 20_000, height: 10_000 }), 32);
});
