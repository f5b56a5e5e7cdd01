import assert from "node:assert/strict";
import { test } from "node:test";

import { Desk } from "../../static/js/label-desk.js";

const question = (n, more = {}) => ({ item: n, image: 100 + n, why: { audit: false, model_version: 1, ...more } });
const given = (uuid, label = 1) => ({ uuid, labels: ["rust"], label_ids: [label], skip: null });
const deskOf = (...numbers) => new Desk({ ready: numbers.map((n) => question(n)) });
const items = (questions) => questions.map((each) => each.item);

test("an answer brings the next question and lies first in the strip", () => {
  const desk = deskOf(1, 2, 3);
  desk.answer(given("a"));
  assert.equal(desk.shown.item, 2);
  assert.deepEqual(items(desk.ready), [3]);
  assert.equal(desk.strip[0].uuid, "a");
  assert.equal(desk.strip[0].question.item, 1);
});

test("after the last question the desk is empty, and a claim fills it", () => {
  const desk = deskOf(1);
  desk.answer(given("a"));
  assert.equal(desk.shown, null);
  desk.add([question(4)]);
  assert.equal(desk.shown.item, 4);
});

test("a claim brings back nothing that lies here or was answered here", () => {
  const desk = deskOf(1, 2);
  desk.answer(given("a"));
  assert.deepEqual(items(desk.add([question(1), question(2), question(3)])), [3]);
});

test("undo shows the image again and keeps the interrupted one next", () => {
  const desk = deskOf(1, 2, 3);
  desk.answer(given("a"));
  assert.equal(desk.undo().uuid, "a");
  assert.equal(desk.shown.item, 1);
  assert.deepEqual(items(desk.ready), [2, 3]);
  assert.equal(desk.strip.length, 0);
  desk.answer(given("b"));
  assert.equal(desk.shown.item, 2);
});

test("ten answers are taken back one after another, newest first", () => {
  const desk = deskOf(...Array.from({ length: 11 }, (_, n) => n));
  for (let n = 0; n < 10; n += 1) desk.answer(given(`u${n}`));
  const back = Array.from({ length: 10 }, () => desk.undo().uuid);
  assert.deepEqual(back, Array.from({ length: 10 }, (_, n) => `u${9 - n}`));
  assert.equal(desk.shown.item, 0);
  assert.equal(desk.undo(), null);
});

test("walking the strip shows old answers, and a label changes the one shown", () => {
  const desk = deskOf(1, 2, 3);
  desk.answer(given("a"));
  desk.answer(given("b"));
  assert.equal(desk.step(1), true);
  assert.equal(desk.step(1), true);
  assert.equal(desk.step(1), false);
  assert.equal(desk.changing.uuid, "a");
  desk.answer(given("c", 2));
  assert.deepEqual(desk.strip.map((answer) => answer.uuid), ["b", "c"]);
  assert.equal(desk.shown.item, 1, "the changed image stays until one goes on");
  assert.equal(desk.back(), true);
  assert.equal(desk.shown.item, 3);
});

test("walking past the newest answer returns to the question", () => {
  const desk = deskOf(1, 2);
  desk.answer(given("a"));
  desk.step(1);
  desk.step(-1);
  assert.equal(desk.changing, null);
  assert.equal(desk.shown.item, 2);
});

test("undo while walking takes back the answer that is shown", () => {
  const desk = deskOf(1, 2, 3);
  desk.answer(given("a"));
  desk.answer(given("b"));
  desk.goTo("a");
  assert.equal(desk.undo().uuid, "a");
  assert.equal(desk.shown.item, 1);
  assert.deepEqual(items(desk.ready), [3]);
});

test("an answer that came too late leaves the strip", () => {
  const desk = deskOf(1, 2);
  desk.answer(given("a"));
  desk.step(1);
  assert.equal(desk.drop("a"), true);
  assert.equal(desk.walk, null);
  assert.equal(desk.drop("a"), false);
});

test("a newer model takes away what it ranked anew, not audit images, not the very next", () => {
  const desk = new Desk({ ready: [question(1), question(2), question(3), question(4, { audit: true }), question(5, { model_version: 2 })] });
  assert.deepEqual(desk.outdated(2), [3]);
  assert.equal(desk.shown.item, 1);
  assert.deepEqual(items(desk.ready), [2, 4, 5]);
});

test("after a reload the outbox's answers are answered and its undos are undone", () => {
  const strip = [{ ...given("old"), question: question(9) }];
  const desk = new Desk({ ready: [question(1), question(2)], strip });
  desk.replay([
    { kind: "answer", uuid: "a", body: { item: 1 }, given: given("a"), question: question(1), replaces: null },
    { kind: "undo", uuid: "z", body: { undo: "old" } },
  ]);
  assert.equal(desk.shown.item, 2);
  assert.deepEqual(desk.strip.map((answer) => [answer.uuid, answer.state]), [["a", "kept"]]);
});

test("the same image asked again by another item is one question", () => {
  const desk = deskOf(1);
  desk.add([{ ...question(7), image: 101 }]);
  assert.equal(desk.shown.item, 7);
  assert.equal(desk.ready.length, 0);
});

test("a step that cannot be kept is taken back", () => {
  const desk = deskOf(1, 2, 3);
  const takeBack = desk.bookmark();
  desk.answer(given("a"));
  takeBack();
  assert.equal(desk.shown.item, 1);
  assert.deepEqual(items(desk.ready), [2, 3]);
  assert.equal(desk.strip.length, 0);
  assert.equal(desk.add([question(1)]).length, 0, "it lies here still");
  desk.answer(given("b"));
  const again = desk.bookmark();
  desk.undo();
  again();
  assert.deepEqual([desk.strip[0].uuid, desk.shown.item], ["b", 2]);
});

test("what is somebody else's by now goes away, and the next one takes its place", () => {
  const desk = deskOf(1, 2, 3);
  assert.equal(desk.lose([3]), false);
  assert.deepEqual(desk.waiting, [1, 2]);
  assert.equal(desk.lose([1]), true);
  assert.equal(desk.shown.item, 2);
});

test("fifty answers are remembered", () => {
  const desk = deskOf(...Array.from({ length: 60 }, (_, n) => n));
  for (let n = 0; n < 55; n += 1) desk.answer(given(`u${n}`));
  assert.deepEqual([desk.strip.length, desk.strip[0].uuid, desk.strip[49].uuid], [50, "u54", "u5"]);
});
