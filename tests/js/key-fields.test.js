import assert from "node:assert/strict";
import { test } from "node:test";

import { keyFrom, markDoubles } from "../../static/js/key-fields.js";
import { dropLetters, giveWay } from "../../static/js/keys.js";

test("the pressed key stands in the field; Tab, chords and composition are left alone", () => {
  assert.equal(keyFrom({ key: "q" }), "Q");
  assert.equal(keyFrom({ key: ";" }), ";");
  assert.equal(keyFrom({ key: "ß" }), "ß");
  assert.equal(keyFrom({ key: "Backspace" }), "");
  for (const event of [{ key: "Tab" }, { key: " " }, { key: "a", ctrlKey: true }, { key: "あ", isComposing: true }]) {
    assert.equal(keyFrom(event), null);
  }
});

function field(value) {
  const made = { value, said: "", invalid: false };
  made.setCustomValidity = (words) => {
    made.said = words;
  };
  made.toggleAttribute = (_, on) => {
    made.invalid = on;
  };
  return made;
}

test("the second field with the same key is marked", () => {
  const fields = [field("Q"), field("Q"), field(""), field("")];
  markDoubles(fields, () => "rust");
  assert.deepEqual(fields.map((each) => each.invalid), [false, true, false, false]);
  assert.match(fields[1].said, /Q is that of “rust”/);
});

// As much of a control as giving way touches.
function control(keys, hint = keys) {
  const made = { keys, kbd: { textContent: hint, hidden: false } };
  made.getAttribute = () => made.keys;
  made.setAttribute = (_, value) => {
    made.keys = value;
  };
  made.removeAttribute = () => {
    made.keys = null;
  };
  made.querySelectorAll = () => [made.kbd];
  return made;
}

test("a tool gives its key to a label that has it, and keeps its others", () => {
  const [label, zoom, rotate] = [control("R"), control("+ ="), control("r Escape", "R")];
  giveWay({ querySelectorAll: (selector) => (selector.includes("data-answer") ? [label] : [label, zoom, rotate]) });
  assert.equal(label.keys, "R");
  assert.equal(zoom.keys, "+ =");
  assert.equal(rotate.keys, "Escape");
  assert.equal(rotate.kbd.hidden, true);
});

test("with keys of one sign off, nothing shows one", () => {
  const [letter, enter] = [control("U"), control("Enter 1", "1")];
  dropLetters({ querySelectorAll: (selector) => (selector.includes("data-go") ? [] : [letter, enter]) });
  assert.equal(letter.keys, null);
  assert.equal(enter.keys, "Enter");
  assert.equal(enter.kbd.hidden, true);
});
