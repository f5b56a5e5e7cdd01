import assert from "node:assert/strict";
import test from "node:test";

import { batches, contents, folderOf, fromDrop, fromPaste, inWords, titleOf, withoutJunk } from "../../static/js/import-files.js";
import { packed } from "../../static/js/import-send.js";

const item = (path, size = 10) => ({ path, file: { name: path.split("/").at(-1), size } });

test("the last folder is what a label would be", () => {
  assert.equal(folderOf("pool/cat/1.jpg"), "cat");
  assert.equal(folderOf("1.jpg"), "");
});

test("contents names the folders that hold files, and counts archives", () => {
  const found = contents([item("p/cat/1.jpg"), item("p/cat/2.jpg"), item("p/dog/1.jpg"), item("p/a.ZIP"), item("p/Labels.CSV")]);
  assert.deepEqual(found, { files: 5, folders: ["cat", "dog", "p"], archives: 1, manifests: 1, bytes: 50 });
});

test("in words, many folders are summed up", () => {
  assert.equal(inWords({ files: 1, folders: [], archives: 1 }), "1 archive");
  assert.equal(inWords({ files: 1200, folders: ["cat"], archives: 0 }), "1,200 files in 1 folder: cat");
  assert.match(inWords({ files: 9, folders: [..."abcdefgh"], archives: 0 }), /8 folders: a, b, c, d, e and 3 more$/);
});

test("the title is the one thing dropped, or how many", () => {
  assert.equal(titleOf([item("pets/cat/1.jpg"), item("pets/2.jpg")]), "pets");
  assert.equal(titleOf([item("1.jpg"), item("2.jpg")]), "2 files");
});

test("what desktops leave behind is left out", () => {
  const kept = withoutJunk([".DS_Store", "a/Thumbs.db", "__MACOSX/a.jpg", "a/._1.jpg", "a/1.jpg"].map((path) => item(path)));
  assert.deepEqual(kept.map(({ path }) => path), ["a/1.jpg"]);
});

test("every file is in one batch, in order, and a large one is alone", () => {
  const items = [item("a", 3), item("b", 3), item("big", 50), item("c", 3), item("d", 9)];
  const made = batches(items, { most: 2, bytes: 10 });
  assert.deepEqual(made.map((batch) => batch.map(({ path }) => path)), [["a", "b"], ["big"], ["c"], ["d"]]);
  assert.deepEqual(batches(items, { most: 100, bytes: 1e9 }).flat(), items);
  assert.deepEqual(batches([]), []);
});

const file = (name) => ({ isFile: true, name, file: (done) => done(new File(["x"], name)) });
function folder(name, ...inside) {
  return { isFile: false, name, createReader: () => ({ left: [...inside], readEntries(done) { done(this.left.splice(0, 2)); } }) };
}

test("a dropped folder is walked to its end, though readers hand out a part at a time", async () => {
  const dropped = folder("pets", file("b.jpg"), file("a.jpg"), folder("cat", file("1.jpg"), file("2.jpg"), file("3.jpg")));
  const transfer = { items: [{ kind: "string" }, { kind: "file", webkitGetAsEntry: () => dropped }, { kind: "file", webkitGetAsEntry: () => file("x.png") }] };
  const found = await fromDrop(transfer);
  assert.deepEqual(found.map(({ path }) => path), ["pets/a.jpg", "pets/b.jpg", "pets/cat/1.jpg", "pets/cat/2.jpg", "pets/cat/3.jpg", "x.png"]);
});

test("pasted pictures get names that differ", () => {
  const files = [new File(["1"], "image.png"), new File(["2"], "image.png"), new File(["3"], "leaf.jpg")];
  const names = fromPaste({ files }, new Date("2030-01-02T03:04:05Z")).map(({ path }) => path);
  assert.deepEqual(names, ["pasted-2030-01-02T03-04-05-1.png", "pasted-2030-01-02T03-04-05-2.png", "leaf.jpg"]);
});

test("a batch carries its paths in a list of their own", () => {
  const form = packed([{ path: "pets/cat/1.jpg", file: new File(["x"], "1.jpg") }]);
  assert.deepEqual(JSON.parse(form.get("paths")), ["pets/cat/1.jpg"]);
  assert.equal(form.get("files").name, "0");
  assert.match(form.get("batch"), /^[0-9a-f-]{32,36}$/);
});
