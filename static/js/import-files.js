// What a drop, a paste or a file picker holds: a flat list of {file, path}, and what is in it.

import { fill, gettext, ngettext } from "./words.js";

const ARCHIVE = /\.(zip|tar|tgz|tbz2|txz|gz|bz2|xz)$/i;
const MANIFEST = /\.(csv|tsv|txt|json|jsonl|ndjson|manifest|xml|xlsx|parquet)$/i; // as manifests/finding.py has it
const JUNK = /(^|\/)(\.ds_store|thumbs\.db|desktop\.ini|\._[^/]*)$|(^|\/)__macosx\//i;

// Entries of a drop are read while the event lasts; folders are walked afterwards. Where the browser lends
// handles, each item has that of what was dropped: by them the same files are found again after a reload.
export async function fromDrop(transfer) {
  const dropped = [...transfer.items].filter((item) => item.kind === "file").map((item) => ({
    entry: item.webkitGetAsEntry?.() ?? item.getAsFile(),
    handle: item.getAsFileSystemHandle?.().catch(() => null),
  }));
  const found = [];
  for (const { entry, handle } of dropped) {
    const inside = [];
    if (entry instanceof Blob) inside.push({ file: entry, path: entry.name });
    else if (entry) await walk(entry, "", inside);
    found.push(...(handle ? inside.map((item) => ({ ...item, handle })) : inside));
  }
  return found;
}

// The files behind kept handles, as a drop of the same things would give them.
export async function fromHandles(handles) {
  const found = [];
  for (const handle of handles) await walkHandle(handle, "", found);
  return found;
}

async function walkHandle(handle, above, found) {
  const path = above + handle.name;
  if (handle.kind === "file") {
    found.push({ file: await handle.getFile(), path });
    return;
  }
  const inside = [];
  for await (const child of handle.values()) inside.push(child);
  inside.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const child of inside) await walkHandle(child, `${path}/`, found);
}

async function walk(entry, above, found) {
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail));
    found.push({ file, path });
    return;
  }
  const reader = entry.createReader();
  const inside = [];
  // A reader hands out a hundred or so at a time, then an empty list.
  for (let some; (some = await new Promise((done, fail) => reader.readEntries(done, fail))).length; ) inside.push(...some);
  inside.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const child of inside) await walk(child, `${path}/`, found);
}

export function fromPicker(input) {
  return [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

// Pasted pictures are all called image.png; the time tells them apart.
export function fromPaste(clipboard, now = new Date()) {
  const stamp = now.toISOString().slice(0, 19).replaceAll(":", "-");
  return [...clipboard.files].map((file, n) => {
    const end = file.name.includes(".") ? file.name.slice(file.name.lastIndexOf(".")) : "";
    return { file, path: file.name.startsWith("image.") ? `pasted-${stamp}-${n + 1}${end}` : file.name };
  });
}

export const withoutJunk = (items) => items.filter(({ path }) => !JUNK.test(path));

export function folderOf(path) {
  return path.split("/").at(-2) ?? "";
}

// How many files, which folders directly hold some, how many archives and what may be manifests.
export function contents(items) {
  const folders = [...new Set(items.map(({ path }) => folderOf(path)).filter(Boolean))];
  const archives = items.filter(({ path }) => ARCHIVE.test(path)).length;
  const manifests = items.filter(({ path }) => MANIFEST.test(path)).length;
  const bytes = items.reduce((sum, { file }) => sum + file.size, 0);
  return { files: items.length, folders, archives, manifests, bytes };
}

const shown = (n) => n.toLocaleString("en");
const filesInWords = (n) => fill(ngettext("%(n)s file", "%(n)s files", n), { n: shown(n) });
const archivesInWords = (n) => fill(ngettext("%(n)s archive", "%(n)s archives", n), { n: shown(n) });

// "120 files in 3 folders: cat, dog, bird"
export function inWords({ files, folders, archives }) {
  const what = archives === files ? archivesInWords(files) : filesInWords(files);
  if (!folders.length) return what;
  const some = { some: folders.slice(0, 5).join(", "), n: folders.length - 5 };
  const named = folders.length > 6 ? fill(gettext("%(some)s and %(n)s more"), some) : folders.join(", ");
  const words = ngettext("%(files)s in %(n)s folder: %(named)s", "%(files)s in %(n)s folders: %(named)s", folders.length);
  return fill(words, { files: what, n: shown(folders.length), named });
}

// The name of the import: the one thing dropped, or how many there were.
export function titleOf(items) {
  const tops = new Set(items.map(({ path }) => path.split("/")[0]));
  return tops.size === 1 ? [...tops][0] : filesInWords(items.length);
}

// Small files go together, a large one by itself.
export function batches(items, { most = 100, bytes = 8_000_000 } = {}) {
  const made = [];
  let size = Infinity;
  for (const item of items) {
    const last = made.at(-1);
    if (!last || last.length >= most || size + item.file.size > bytes) {
      made.push([item]);
      size = item.file.size;
    } else {
      last.push(item);
      size += item.file.size;
    }
  }
  return made;
}
