import assert from "node:assert/strict";
import { test } from "node:test";

import { dayNumber, daysToName, roundStep, shareTicks, ticksUpTo } from "../../static/js/chart-axes.js";

test("axes end on round numbers", () => {
  assert.deepEqual(ticksUpTo(1364), [0, 500, 1000, 1500]);
  assert.deepEqual(ticksUpTo(2000), [0, 500, 1000, 1500, 2000]);
  assert.deepEqual(ticksUpTo(3), [0, 1, 2, 3]);
  assert.deepEqual(ticksUpTo(0), [0, 1]);
  assert.equal(roundStep(100, 4), 25);
});

test("the axis of a share starts at or below its lowest value and ends at 1", () => {
  for (const low of [0, 0.1, 0.39, 0.4, 0.55, 0.6, 0.79, 0.8, 0.95, 1]) {
    const ticks = shareTicks(low);
    assert.ok(ticks[0] <= low, `${ticks[0]} for ${low}`);
    assert.equal(ticks.at(-1), 1);
  }
});

test("the last day is always named", () => {
  const days = Array.from({ length: 30 }, (_, i) => `2026-04-${String(i + 1).padStart(2, "0")}`);
  const named = daysToName(days);
  assert.equal(named.at(-1), "2026-04-30");
  assert.ok(named.length <= 6);
  assert.equal(dayNumber("2026-04-02") - dayNumber("2026-04-01"), 86_400);
});
