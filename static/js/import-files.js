// What a drop, a paste or a file picker holds: a flat list of {file, path}, and what is in it.

const ARCHIVE = /\.(zip|tar|tgz|tbz2|txz|gz|bz2|xz)$/i;
const JUNK = /(^|\/)(\.ds_store|thumbs\.db|desktop\.ini|\._[^/]*)$|(^|\/)__macosx\//i;

// Entries of a drop are read while the event lasts; folders are walked afterwards.
export async function fromDrop(transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) {
    if (entry instanceof Blob) found.push({ file: entry, path: entry.name });
    else if (entry) await walk(entry, "", found);
  }
  return found;
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

// How many files, which folders directly hold some, how many archives.
export function contents(items) {
  const folders = [...new Set(items.map(({ path }) => folderOf(path)).filter(Boolean))];
  const archives = items.filter(({ path }) => ARCHIVE.test(path)).length;
  const bytes = items.reduce((sum, { file }) => sum + file.size, 0);
  return { files: items.length, folders, archives, bytes };
}

const counted = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

// "120 files in 3 folders: cat, dog, bird"
export function inWords({ files, folders, archives }) {
  const what = archives === files ? counted(files, "archive", "archives") : counted(files, "file", "files");
  if (!folders.length) return what;
  const named = folders.length > 6 ? `${folders.slice(0, 5).join(", ")} and ${folders.length - 5} more` : folders.join(", ");
  return `${what} in ${counted(folders.length, "folder", "folders")}: ${named}`;
}

// The name of the import: the one thing dropped, or how many there were.
export function titleOf(items) {
  const tops = new Set(items.map(({ path }) => path.split("/")[0]));
  return tops.size === 1 ? [...tops][0] : counted(items.length, "file", "files");
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
