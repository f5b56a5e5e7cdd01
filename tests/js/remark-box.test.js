import assert from "node:assert/strict";
import { test } from "node:test";

import { RemarkBox, meaning } from "../../static/js/remark-box.js";

class Storage {
  setItem(key, value) {
    this[key] = value;
  }
  getItem(key) {
    return this[key];
  }
  removeItem(key) {
    delete this[key];
  }
}

function boxOf(replies, store = new Storage()) {
  const sent = [];
  const news = [];
  const box = new RemarkBox({
    key: "remark:1:2:",
    store,
    every: () => {},
    tell: (what) => news.push(what),
    post: async (remark) => {
      sent.push(remark.uuid);
      const status = replies.shift();
      if (status === undefined) throw new Error("offline");
      return { status, body: null };
    },
  });
  return { box, sent, news, store };
}

const REMARK = { image: 7, name: "a.jpg", text: "Which?" };

test("a comment leaves the browser once the server has it", async () => {
  const { box, sent, news } = boxOf([201]);
  await box.add(REMARK);
  assert.deepEqual([sent.length, news, box.waiting()], [1, ["sent"], []]);
});

test("without a connection it is kept, and sent later under the same UUID", async () => {
  const { box, sent, news, store } = boxOf([]);
  await box.add(REMARK);
  assert.equal(box.waiting().length, 1);
  const later = boxOf([201], store); // the page was closed and opened again
  await later.box.start();
  assert.deepEqual([news, later.news, later.box.waiting()], [["kept"], ["sent"], []]);
  assert.equal(sent[0], later.sent[0]);
});

test("signed out, or a server in trouble: it waits; refused: it goes", async () => {
  for (const [status, news, left] of [[403, "sign-in", 1], [500, "kept", 1], [422, "refused", 0]]) {
    const { box, news: heard } = boxOf([status]);
    await box.add(REMARK);
    assert.deepEqual([heard, box.waiting().length], [[news], left]);
  }
  assert.equal(meaning(200), "sent");
});

test("another person's comments are left alone", async () => {
  const store = new Storage();
  store.setItem("remark:9:2:x", JSON.stringify({ ...REMARK, uuid: "x", created: "2026-01-01" }));
  const { box, sent } = boxOf([], store);
  await box.start();
  assert.deepEqual(sent, []);
});

test("where the browser keeps nothing, it is kept while the page is open", async () => {
  const full = new Storage();
  Object.defineProperty(full, "setItem", { value: () => { throw new Error("full"); }, enumerable: false });
  const { box } = boxOf([], full);
  await box.add(REMARK);
  assert.equal(box.waiting().length, 1);
});
