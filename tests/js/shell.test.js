// The shell: G and a letter, keys turned off, what the key sheet says, arrows along a list.
import assert from "node:assert/strict";
import { test } from "node:test";

import { wordsOf } from "../../static/js/key-sheet.js";
import { elementForKey, linkForKey } from "../../static/js/keys.js";
import { nextRow } from "../../static/js/rows.js";

const link = (go) => ({ dataset: { go }, disabled: false, getAttribute: () => null });
const button = (key) => ({ disabled: false, getAttribute: (name) => (name === "aria-keyshortcuts" ? key : null) });

function page({ links = [], buttons = [], letterKeys, dialog = null } = {}) {
  return {
    documentElement: { dataset: { letterKeys } },
    querySelector: (selector) => (selector === "dialog[open]" ? dialog : null),
    querySelectorAll: (selector) => (selector === "[data-go]" ? links : buttons),
  };
}

const press = (key, more = {}) => ({ key, target: { closest: () => null }, ...more });

test("a letter after G finds the page that carries it, in either case", () => {
  const [dashboard, label] = [link("D"), link("L")];
  const root = page({ links: [dashboard, label] });
  assert.equal(linkForKey(root, press("l")), label);
  assert.equal(linkForKey(root, press("D")), dashboard);
  assert.equal(linkForKey(root, press("x")), null);
});

test("modifiers, repeats and open dialogs press nothing", () => {
  const root = page({ links: [link("D")], buttons: [button("D")] });
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { repeat: true }, { isComposing: true }]) {
    assert.equal(linkForKey(root, press("d", more)), null);
    assert.equal(elementForKey(root, press("d", more)), null);
  }
  assert.equal(elementForKey(page({ buttons: [button("D")], dialog: {} }), press("d")), null);
});

test("with single-letter keys turned off only named keys work", () => {
  const [letter, named] = [button("C"), button("Enter")];
  const root = page({ buttons: [letter, named], letterKeys: "off" });
  assert.equal(elementForKey(root, press("c")), null);
  assert.equal(elementForKey(root, press("Enter")), named);
});

test("the key sheet prefers the words made for it", () => {
  assert.equal(wordsOf({ dataset: { keyWords: "Choose a project" }, getAttribute: () => "List" }), "Choose a project");
  assert.equal(wordsOf({ dataset: {}, getAttribute: () => "Keyboard shortcuts" }), "Keyboard shortcuts");
});

test("walking along a list stops at both ends", () => {
  assert.equal(nextRow(-1, 3, 1), 0);
  assert.equal(nextRow(-1, 3, -1), 2);
  assert.equal(nextRow(2, 3, 1), 2);
  assert.equal(nextRow(0, 3, -1), 0);
  assert.equal(nextRow(0, 3, 1), 1);
});
