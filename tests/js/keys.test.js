import assert from "node:assert/strict";
import { test } from "node:test";

import { elementForKey } from "../../static/js/keys.js";

// As much of a page as the look-up touches.
function pageOf(...controls) {
  const elements = controls.map(([keys, more = {}]) => ({ disabled: false, getAttribute: (name) => (name === "aria-keyshortcuts" ? keys : null), ...more }));
  return { elements, querySelector: () => null, querySelectorAll: () => elements };
}

const press = (key, more = {}) => ({ key, target: { closest: () => null }, ...more });

test("a key finds the control that names it, in either case", () => {
  const page = pageOf(["1"], ["U"], ["Z Backspace"]);
  assert.equal(elementForKey(page, press("u")), page.elements[1]);
  assert.equal(elementForKey(page, press("Backspace")), page.elements[2]);
  assert.equal(elementForKey(page, press("9")), null);
});

test("held keys, chords, composition and typing are left alone", () => {
  const page = pageOf(["1"]);
  for (const more of [{ repeat: true }, { ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }, { target: { closest: () => ({}) } }]) {
    assert.equal(elementForKey(page, press("1", more)), null);
  }
});

test("a disabled control does not answer", () => {
  assert.equal(elementForKey(pageOf(["1", { disabled: true }]), press("1")), null);
});
