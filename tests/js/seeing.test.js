import assert from "node:assert/strict";
import { test } from "node:test";

import { exifLines } from "../../static/js/exif-words.js";
import { bytesWords, fileLines, sizeWords } from "../../static/js/label-about.js";
import { wheelFactor } from "../../static/js/label-gestures.js";
import { isPlain, readLight } from "../../static/js/label-light.js";

globalThis.document = { documentElement: { lang: "en" } };

test("camera data come in a fixed order, with words for numbers; strangers come last by their name", () => {
  const lines = exifLines({ SubjectDistanceRange: "2", ISOSpeedRatings: "400", Make: "Acme", Flash: "9", Orientation: "6", WhiteBalance: "7" });
  assert.deepEqual(lines, [
    ["Camera maker", "Acme"],
    ["ISO", "400"],
    ["Flash", "fired"],
    ["White balance", "7"],
    ["Orientation", "turned by 90° in the file, shown upright"],
    ["Subject Distance Range", "2"],
  ]);
  assert.deepEqual(exifLines({}), []);
});

test("sizes are said as people say them", () => {
  assert.deepEqual([0, 900, 1_234, 2_953_190, 48_000_000].map(bytesWords), ["0\u00a0B", "900\u00a0B", "1.2\u00a0kB", "3\u00a0MB", "48\u00a0MB"]);
  assert.equal(sizeWords({ width: 320, height: 240 }), "320 × 240 pixels");
  assert.equal(sizeWords({ width: 8600, height: 5800 }), "8,600 × 5,800, 50 megapixels");
});

test("a file's other names are told, and that there are more", () => {
  const facts = { name: "a", names: [], more_names: false, width: 1, height: 1, format: "PNG", bytes: 9, came: "2024-05-17T10:30:00+00:00" };
  assert.deepEqual(fileLines(facts).map(([name]) => name), ["Name", "Size", "File", "Came in"]);
  const many = fileLines({ ...facts, names: ["b", "c"], more_names: true });
  assert.deepEqual(many[1], ["Other names", "b\nc\nand more"]);
});

test("the wheel enlarges upwards, gently, and equally for lines and pixels", () => {
  assert.ok(wheelFactor({ deltaY: -100, deltaMode: 0 }) > 1);
  assert.ok(wheelFactor({ deltaY: 100, deltaMode: 0 }) < 1);
  assert.equal(wheelFactor({ deltaY: 3, deltaMode: 1 }), wheelFactor({ deltaY: 48, deltaMode: 0 }));
  assert.ok(wheelFactor({ deltaY: -1e6, deltaMode: 0 }) < 1.3);
});

test("a light that was kept is made sound", () => {
  assert.deepEqual(readLight('{"brightness": 140, "contrast": 9000}'), { brightness: 140, contrast: 300 });
  for (const text of [null, "", "{", "7", '{"brightness": "red"}', "null"]) assert.ok(isPlain(readLight(text)));
});
