import assert from "node:assert/strict";
import { test } from "node:test";

import { GridSupply } from "../../static/js/grid-supply.js";
import { routeOf } from "../../static/js/label-server.js";

const question = (item) => ({ item });

function supplyWith(pages, log = []) {
  const claim = async (label) => {
    log.push(["claim", label]);
    return { items: (pages[label].shift() ?? []).map(question), counts: { [label]: 9 } };
  };
  const release = async (items) => void log.push(["release", ...items]);
  const makePage = (label, questions) => ({ label, items: questions.map((each) => each.item), tiles: questions });
  const supply = new GridSupply({ claim, release, prepare: async () => {}, makePage, heard: () => log.push(["heard"]) });
  return { supply, log };
}

test("one page is ready ahead, and no more than one is claimed", async () => {
  const { supply, log } = supplyWith({ 1: [[1, 2], [3, 4]] });
  supply.choose(1);
  await Promise.all([supply.more(), supply.more()]);
  await supply.more();
  assert.deepEqual(supply.items, [1, 2]);
  assert.deepEqual(log, [["claim", 1], ["heard"]]);
});

test("where the page that came was needed at once, the next one is claimed behind it", async () => {
  const { supply, log } = supplyWith({ 1: [[1, 2], [3, 4]] });
  let shown = null;
  supply.heard = () => (shown ??= supply.take());
  supply.choose(1);
  await supply.more();
  assert.deepEqual([shown.items, supply.items], [[1, 2], [3, 4]]);
  assert.equal(log.length, 2);
});

test("an empty reply means that there is no more of this label", async () => {
  const { supply, log } = supplyWith({ 1: [] });
  supply.choose(1);
  await supply.more();
  await supply.more();
  assert.equal(supply.dry, true);
  assert.equal(log.filter(([what]) => what === "claim").length, 1);
});

test("another label gives the last one's page back, before the next is claimed", async () => {
  const { supply, log } = supplyWith({ 1: [[1, 2]], 2: [[5]] });
  supply.choose(1);
  await supply.more();
  supply.choose(2, [7]);
  await supply.more();
  assert.deepEqual(log.slice(2), [["release", 1, 2, 7], ["claim", 2], ["heard"]]);
  assert.deepEqual(supply.items, [5]);
});

test("a page that comes for a label nobody wants any more goes back", async () => {
  const { supply, log } = supplyWith({ 1: [[1]], 2: [[5]] });
  supply.choose(1);
  const asking = supply.more();
  await Promise.resolve();
  supply.choose(2);
  await asking;
  assert.deepEqual(log.filter(([what]) => what === "release"), [["release", 1]]);
  assert.deepEqual(supply.items, [5]);
});

test("an interrupted page comes next", async () => {
  const { supply } = supplyWith({ 1: [[1]] });
  supply.choose(1);
  await supply.more();
  supply.putBack({ items: [9], tiles: [] });
  assert.deepEqual(supply.take().items, [9]);
  assert.deepEqual(supply.take().items, [1]);
});

test("each entry of the outbox goes where it belongs", () => {
  const answers = "/api/v1/projects/7/annotations";
  const body = { batch: "b", answers: [] };
  assert.deepEqual(routeOf({ kind: "answer", body }, answers), [answers, body]);
  assert.deepEqual(routeOf({ kind: "undo", uuid: "u", body: { undo: "a" } }, answers), [`${answers}/a/undo`, { uuid: "u" }]);
  assert.deepEqual(routeOf({ kind: "grid", body }, answers), ["/api/v1/projects/7/grid/confirm", body]);
  assert.deepEqual(routeOf({ kind: "grid-undo", body }, answers), ["/api/v1/projects/7/grid/b/undo", {}]);
});
