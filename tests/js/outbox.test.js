import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox, verdict, waitAfter } from "../../static/js/outbox.js";
import { memoryStore } from "../../static/js/outbox-store.js";

const entry = (uuid, kind = "answer") => ({ uuid, kind, body: { uuid }, created: 0 });

// An outbox whose server answers with `replies`, one after another; "off" has no connection.
function outboxWith(replies, store = memoryStore()) {
  const sent = [];
  const news = [];
  const waits = [];
  const outbox = new Outbox({
    store,
    post: async (each) => {
      const reply = replies.shift() ?? { status: 201, body: {} };
      sent.push(each.uuid);
      if (reply === "off") throw new TypeError("Failed to fetch");
      return reply;
    },
    tell: (what, each) => what !== "change" && news.push([what, each.uuid]),
    later: (wake, ms) => waits.push({ wake, ms }),
    random: () => 0.5,
  });
  return { outbox, sent, news, waits, store };
}

const VERDICTS = [
  ["answer", 201, {}, "saved"],
  ["answer", 200, {}, "saved"],
  ["answer", 409, { code: "claim_lost" }, "lost"],
  ["answer", 409, { code: "conflict" }, "refused"],
  ["answer", 422, { code: "retired_label" }, "refused"],
  ["answer", 404, { code: "unknown_item" }, "refused"],
  ["answer", 413, { code: "too_large" }, "refused"],
  ["answer", 401, { code: "not_signed_in" }, "sign-in"],
  ["answer", 403, null, "sign-in"],
  ["answer", 500, null, "later"],
  ["answer", 502, null, "later"],
  ["answer", 429, { code: "too_many" }, "later"],
  ["answer", 409, null, "later"],
  ["answer", 404, null, "later"],
  ["undo", 404, { code: "unknown_answer" }, "gone"],
  ["undo", 409, { code: "conflict" }, "gone"],
];

for (const [kind, status, body, expected] of VERDICTS) {
  test(`${kind} answered ${status} ${body?.code ?? ""} is ${expected}`, () => {
    assert.equal(verdict(kind, status, body), expected);
  });
}

test("the wait doubles up to a minute", () => {
  const middle = () => 0.5;
  assert.deepEqual([1, 2, 3, 4].map((tries) => waitAfter(tries, middle)), [1000, 2000, 4000, 8000]);
  assert.equal(waitAfter(50, middle), 60_000);
  assert.ok(waitAfter(1, () => 0) < waitAfter(1, () => 1));
});

test("answers are sent in order, one at a time, and leave only when the server has them", async () => {
  const { outbox, sent, news, store } = outboxWith([]);
  outbox.start();
  await Promise.all(["a", "b", "c"].map((uuid) => outbox.add(entry(uuid))));
  await outbox.wake();
  assert.deepEqual(sent, ["a", "b", "c"]);
  assert.deepEqual(news, [["saved", "a"], ["saved", "b"], ["saved", "c"]]);
  assert.deepEqual(await store.all(), []);
});

test("without a connection answers stay, and go when it is back", async () => {
  const { outbox, sent, waits, store } = outboxWith(["off"]);
  outbox.start();
  await outbox.add(entry("a"));
  await outbox.running;
  assert.equal(outbox.trouble, "offline");
  assert.equal((await store.all()).length, 1);
  assert.equal(waits[0].ms, 1000);
  await outbox.wake();
  assert.deepEqual(sent, ["a", "a"]);
  assert.equal(outbox.trouble, "");
  assert.deepEqual(await store.all(), []);
});

test("an undo never overtakes its answer", async () => {
  const { outbox, sent } = outboxWith(["off", { status: 201, body: {} }]);
  outbox.start();
  await outbox.add(entry("a"));
  await outbox.running;
  await outbox.add(entry("z", "undo"));
  await outbox.wake();
  assert.deepEqual(sent, ["a", "a", "z"]);
});

test("signed out: nothing is lost and nothing is sent past it", async () => {
  const { outbox, sent, store } = outboxWith([{ status: 401, body: { code: "not_signed_in" } }]);
  outbox.start();
  await outbox.add(entry("a"));
  await outbox.add(entry("b"));
  await outbox.running;
  assert.equal(outbox.trouble, "sign-in");
  assert.equal((await store.all()).length, 2);
  await outbox.wake();
  assert.deepEqual(sent, ["a", "a", "b"]);
});

test("a refused answer is kept with its reason while the others go on", async () => {
  const refusal = { status: 422, body: { code: "retired_label", detail: "rust is retired." } };
  const { outbox, news, store } = outboxWith([refusal]);
  outbox.start();
  await outbox.add(entry("a"));
  await outbox.add(entry("b"));
  await outbox.wake();
  assert.deepEqual(news, [["refused", "a"], ["saved", "b"]]);
  assert.deepEqual((await store.all()).map((each) => [each.uuid, each.refused]), [["a", "rust is retired."]]);
  await outbox.discard("a");
  assert.deepEqual(await store.all(), []);
});

test("what cannot be kept is not taken", async () => {
  const full = { ...memoryStore(), add: async () => { throw new Error("QuotaExceededError"); } };
  const { outbox, sent } = outboxWith([], full);
  outbox.start();
  await assert.rejects(outbox.add(entry("a")));
  assert.deepEqual([outbox.entries, sent], [[], []]);
});

test("nothing is sent before this tab may send", async () => {
  const { outbox, sent } = outboxWith([]);
  await outbox.add(entry("a"));
  await outbox.wake();
  assert.deepEqual(sent, []);
});

// As outboxWith, but the server takes lists; `replies` answer posts of either kind, in order.
function outboxOfMany(replies) {
  const sent = [];
  const news = [];
  const answered = async (entries) => {
    sent.push(entries.map((each) => each.uuid).join(" "));
    return replies.shift() ?? { status: 201, body: { results: entries.map(() => ({ status: 201 })) } };
  };
  const outbox = new Outbox({
    store: memoryStore(),
    post: (each) => answered([each]),
    postMany: answered,
    tell: (what, each) => what !== "change" && news.push([what, each.uuid]),
    later: () => {},
  });
  return { outbox, sent, news };
}

async function sendAll({ outbox }, ...entries) {
  for (const each of entries) await outbox.add(each);
  outbox.start();
  await outbox.wake();
}

test("answers that have waited together go together, an undo by itself and in its place", async () => {
  const there = outboxOfMany([]);
  await sendAll(there, entry("a"), entry("b"), entry("z", "undo"), entry("c"));
  assert.deepEqual(there.sent, ["a b", "z", "c"]);
  assert.equal(there.outbox.entries.length, 0);
});

test("each answer of a list has its own result", async () => {
  const results = [{ status: 201 }, { status: 409, code: "claim_lost", detail: "Ben was first." }, { status: 422, code: "retired_label", detail: "Retired." }];
  const there = outboxOfMany([{ status: 201, body: { results } }]);
  await sendAll(there, entry("a"), entry("b"), entry("c"));
  assert.deepEqual(there.news, [["saved", "a"], ["lost", "b"], ["refused", "c"]]);
  assert.equal(there.outbox.refused[0].refused, "Retired.");
});

test("a list that is refused as a whole is sent one by one", async () => {
  const there = outboxOfMany([{ status: 413, body: { code: "too_large", detail: "Too large." } }]);
  await sendAll(there, entry("a"), entry("b"));
  assert.deepEqual(there.sent, ["a b", "a", "b"]);
  assert.equal(there.outbox.entries.length, 0);
});

test("a list keeps everything when nobody is signed in or the server is unwell", async () => {
  for (const [reply, trouble] of [[{ status: 401, body: null }, "sign-in"], [{ status: 502, body: null }, "offline"]]) {
    const there = outboxOfMany([reply]);
    await sendAll(there, entry("a"), entry("b"));
    assert.deepEqual([there.outbox.trouble, there.outbox.unsent.length], [trouble, 2]);
  }
});

test("no connection is said before anything is sent, and well again once the server is reached", async () => {
  let there = false;
  const outbox = new Outbox({ store: memoryStore(), post: async () => ({}), probe: async () => there, later: () => {} });
  outbox.start();
  await outbox.wake();
  outbox.offline();
  await outbox.wake();
  assert.equal(outbox.trouble, "offline");
  there = true;
  await outbox.wake();
  assert.equal(outbox.trouble, "");
});
