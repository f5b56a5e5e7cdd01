import assert from "node:assert/strict";
import test from "node:test";

import { fromDrop, fromHandles } from "../../static/js/import-files.js";
import { without } from "../../static/js/import-send.js";
import { inBytes, inTime, Meter, progressInWords } from "../../static/js/import-upload-speed.js";
import { inWords, Interrupted, Refused, troubleOf, waitAfter } from "../../static/js/import-upload-trouble.js";
import { belongs, hereInWords, lines } from "../../static/js/import-upload-unfinished.js";

const item = (path, size = 10, lastModified = 5) => ({ path, file: { name: path.split("/").at(-1), size, lastModified } });
const whole = (name, fingerprint = "10-5") => ({ name, fingerprint });
const partly = (name, received) => ({ ...whole(name), size: 10, received, address: `/uploads/${name}` });

test("only what is missing is sent, from where it stopped", () => {
  const items = [item("p/1.png"), item("p/a.zip"), item("p/2.png")];
  const missing = without(items, [whole("p/1.png"), partly("p/a.zip", 7)]);
  assert.deepEqual(missing, [
    { item: items[1], address: "/uploads/p/a.zip", received: 7 },
    { item: items[2], address: null, received: 0 },
  ]);
});

test("a file of another size, another time or another folder is another file", () => {
  for (const other of [item("1.png", 11), item("1.png", 10, 6), item("q/1.png")]) {
    assert.equal(without([other], [whole("1.png")]).length, 1);
  }
});

test("a name is the same in both ways of writing an accent", () => {
  assert.equal(without([item("e\u0301.png")], [whole("\u00e9.png")]).length, 0);
});

test("an import is recognised by one of its files, or by their number and bytes before any is here", () => {
  const none = { files_in_all: 2, bytes_in_all: 20 };
  assert.ok(belongs([item("1.png"), item("2.png")], none, [whole("1.png")]));
  assert.ok(belongs([item("a.zip")], none, [partly("a.zip", 0)]));
  assert.ok(belongs([item("1.png"), item("2.png")], none, []));
  assert.ok(!belongs([item("1.png"), item("2.png", 11)], none, []));
  assert.ok(!belongs([item("3.png"), item("4.png")], none, [whole("1.png")]));
});

test("the list of what is here is read line by line", () => {
  assert.deepEqual(lines('{"name":"a"}\n{"name":"b"}\n'), [{ name: "a" }, { name: "b" }]);
  assert.deepEqual(lines(""), []);
});

test("what is here is said, of how many", () => {
  assert.match(hereInWords({ title: "pets", here: 3, under_way: 1, files_in_all: 5 }), /^pets: 3 of 5 files are here/);
  const large = { title: "a.zip", here: 0, under_way: 1, received: 12_000_000, files_in_all: 0 };
  assert.match(hereInWords(large), /^a\.zip: 0 of 1 file is here\. Of the next one, 12\u00a0MB arrived\. Choose/);
});

test("the speed is that of the last seconds, and says nothing too early", () => {
  const meter = new Meter();
  meter.note(0, 0);
  meter.note(1_000_000, 1000);
  assert.equal(meter.speed(), 0);
  for (let second = 2; second <= 30; second++) meter.note(second * 1_000_000, second * 1000);
  assert.equal(meter.speed(), 1_000_000);
  for (let second = 31; second <= 45; second++) meter.note(30_000_000 + (second - 30) * 3_000_000, second * 1000);
  assert.equal(meter.speed(), 3_000_000);
  assert.equal(meter.left(105_000_000), 10);
  meter.note(5, 46_000);
  assert.equal(meter.speed(), 0);
  assert.equal(meter.left(100), null);
});

test("bytes, times and progress read like words", () => {
  assert.deepEqual([0, 999, 1500, 2_340_000, 31_000_000, 7_100_000_000].map(inBytes), ["0\u00a0B", "999\u00a0B", "1.5\u00a0kB", "2.3\u00a0MB", "31\u00a0MB", "7.1\u00a0GB"]);
  assert.deepEqual([5, 60, 6000, 8000].map(inTime), ["less than a minute left", "about 1 min left", "about 100 min left", "about 2 h left"]);
  assert.equal(progressInWords({ sent: 312e6, total: 2.1e9, speed: 24e6, left: 75 }), "312\u00a0MB of 2.1\u00a0GB · 24\u00a0MB/s · about 1 min left");
  assert.equal(progressInWords({ sent: 10, total: 10, speed: 24e6, left: 0 }), "10\u00a0B of 10\u00a0B");
});

test("what passes is waited for, what does not is said", () => {
  const kind = (answer) => troubleOf(answer).kind;
  const said = (status, code = "x", address = "/projects/1/import/1/uploads") => ({ status, text: JSON.stringify({ detail: "Words.", code }), address });
  assert.equal(kind(null), "lost");
  assert.equal(kind(said(502)), "lost");
  assert.equal(kind(said(503)), "lost");
  assert.equal(kind(said(507)), "full");
  assert.equal(kind(said(423)), "busy");
  assert.equal(kind(said(409, "wrong_offset")), "moved on");
  assert.equal(kind(said(200, "", "http://here/sign-in?next=/")), "signed out");
  assert.equal(kind(said(405, "", "http://here/sign-in?next=/")), "signed out");
  for (const status of [400, 403, 404, 409, 413]) {
    const refused = troubleOf(said(status));
    assert.ok(refused instanceof Refused);
    assert.equal(refused.message, "Words.");
  }
  assert.ok(troubleOf({ status: 403, text: "<html>", address: "" }).message.includes("Reload"));
});

test("waiting grows and stays patient; each kind has words", () => {
  assert.ok(waitAfter("lost", 0) < waitAfter("lost", 3));
  assert.equal(waitAfter("lost", 3), waitAfter("lost", 300));
  for (const kind of ["lost", "full", "busy", "signed out", "offline"]) assert.ok(inWords(new Interrupted(kind)));
  assert.equal(inWords(new Interrupted("full", "2 GB left.")), "2 GB left.");
});

test("kept handles give the files that the drop gave", async () => {
  const file = (name) => ({ kind: "file", name, getFile: async () => ({ name, size: 3 }) });
  const folder = (name, inside) => ({ kind: "directory", name, async *values() { yield* inside; } });
  const found = await fromHandles([folder("pets", [folder("dog", [file("2.png")]), folder("cat", [file("b.png"), file("a.png")])]), file("c.zip")]);
  assert.deepEqual(found.map(({ path }) => path), ["pets/cat/a.png", "pets/cat/b.png", "pets/dog/2.png", "c.zip"]);
});

test("a drop keeps the handle of what was dropped, where there is one", async () => {
  const entry = { isFile: true, name: "a.png", file: (done) => done({ name: "a.png" }) };
  const dropped = { kind: "file", webkitGetAsEntry: () => entry, getAsFileSystemHandle: async () => "handle" };
  const [found] = await fromDrop({ items: [dropped] });
  assert.equal(await found.handle, "handle");
});
