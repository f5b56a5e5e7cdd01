import assert from "node:assert/strict";
import { test } from "node:test";

import { addLabel, merged } from "../../static/js/label-adding.js";

const reply = (status, body) => async () => ({ ok: status < 400, status, json: async () => body });

test("a label that was made and one that was there are told apart", async () => {
  const label = { id: 4, name: "scorch" };
  assert.deepEqual(await addLabel("/x", "scorch", "t", reply(201, label)), { ...label, made: true });
  assert.deepEqual(await addLabel("/x", "scorch", "t", reply(200, label)), { ...label, made: false });
});

test("a refusal and a lost connection say what to do", async () => {
  const refused = reply(422, { detail: "x", errors: [{ field: "labels", message: "Shorten this name." }] });
  await assert.rejects(addLabel("/x", "long", "t", refused), /Shorten this name/);
  await assert.rejects(addLabel("/x", "a", "t", reply(403, { detail: "Not yours." })), /Not yours/);
  const offline = async () => {
    throw new TypeError("offline");
  };
  await assert.rejects(addLabel("/x", "a", "t", offline), /No connection: the label was not added/);
});

function answer(label, name, ownKey = "") {
  const parts = { ".label-name": { textContent: name }, input: null };
  return { dataset: { label, ownKey }, querySelector: (selector) => parts[selector] };
}

test("an answer stays where it was, unless its name or key changed", () => {
  const there = [answer("1", "rust", "1"), answer("2", "healthy", "2"), answer("3", "gone", "3")];
  const fresh = [answer("1", "rust", "1"), answer("2", "healthy", "H"), answer("4", "scorch", "3")];
  const put = merged(there, fresh);
  assert.equal(put[0], there[0]);
  assert.deepEqual(put.slice(1), fresh.slice(1));
});
