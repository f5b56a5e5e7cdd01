import assert from "node:assert/strict";
import { test } from "node:test";

import { Choice } from "../../static/js/explore-choice.js";
import { filterQuery } from "../../static/js/explore-filter.js";
import { Pages } from "../../static/js/explore-pages.js";
import { HIGHEST, Window } from "../../static/js/explore-window.js";

test("only the rows in sight are drawn, and two more on either side", () => {
  const win = new Window({ total: 1000, columns: 5, height: 100, view: 500 });
  assert.equal(win.tall, 20_000);
  assert.deepEqual(win.at(0), { first: 0, end: 35, top: 0 });
  assert.deepEqual(win.at(1000), { first: 40, end: 85, top: 800 });
  assert.equal(win.at(win.tall - 500).end, 1000);
});

test("a million tiles fit into what a browser can scroll, to the very last", () => {
  const win = new Window({ total: 1_000_000, columns: 4, height: 150, view: 800 });
  assert.equal(win.tall, HIGHEST);
  assert.equal(win.at(0).first, 0);
  assert.equal(win.at(win.tall - 800).end, 1_000_000);
  const middle = win.at(win.tall / 2);
  assert.ok(Math.abs(middle.first - 500_000) < 200);
});

test("the tile that is chosen comes into sight", () => {
  const win = new Window({ total: 1000, columns: 5, height: 100, view: 500 });
  assert.equal(win.reveal(0, 300), 0);
  assert.equal(win.reveal(26, 300), 300);
  assert.equal(win.reveal(999, 0), 19_500);
});

test("a page is asked for once, and an old filter's answer is dropped", async () => {
  const asked = [];
  const pages = new Pages({
    get: async (offset) => (asked.push(offset), { total: 250, stamp: "s", items: Array.from({ length: 100 }, (_, i) => ({ id: offset + i })) }),
    heard: () => {},
  });
  await Promise.all([pages.want(0, 120), pages.want(0, 120)]);
  assert.deepEqual(asked, [0, 100]);
  assert.equal(pages.tile(101).id, 101);
  assert.equal(pages.total, 250);
  const late = pages.want(200, 210);
  pages.restart();
  await late;
  assert.equal(pages.total, null);
});

test("the choice tells every change", () => {
  const target = new EventTarget();
  const heard = [];
  target.addEventListener("choice:changed", (event) => heard.push(event.detail.ids));
  const choice = new Choice(target);
  choice.add([1, 2]);
  choice.toggle(2);
  choice.set([5]);
  choice.clear();
  assert.deepEqual(heard, [[1, 2], [1], [5], []]);
});

test("fields that let everything through are left out", () => {
  const field = (more) => ({ type: "text", value: "", ...more });
  const form = {
    elements: [
      field({ name: "q", value: " leaf " }),
      field({ name: "label", type: "checkbox", checked: true, value: "3" }),
      field({ name: "label", type: "checkbox", checked: false, value: "4" }),
      field({ name: "low", type: "range", value: "0", dataset: { passes: "0" } }),
      field({ name: "high", type: "range", value: "80", dataset: { passes: "100" } }),
      field({ name: "order", value: "row" }),
    ],
    querySelectorAll: () => [],
  };
  assert.equal(filterQuery(form), "q=leaf&label=3&high=0.8");
});
