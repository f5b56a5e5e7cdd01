// The import page: drop, paste or choose; ask about folders; send; show what happens.

import { contents, fromDrop, fromPaste, fromPicker, inWords, titleOf, withoutJunk } from "./import-files.js";
import { SendingBox } from "./import-upload-box.js";
import { Unfinished } from "./import-upload-unfinished.js";
import { gettext } from "./words.js";

const form = document.getElementById("import");
const part = (name) => form.querySelector(`[data-${name}]`);
const zone = part("drop");
let waiting = []; // chosen, not yet sent
const box = new SendingBox(form, (words) => {
  trouble(words);
  unfinished.look();
  refresh();
});
const unfinished = new Unfinished(form, box, { trouble, changed: refresh });

function trouble(words) {
  part("trouble").hidden = !words;
  part("trouble-words").textContent = words;
  if (words) part("trouble").focus();
}

// One black button on the screen: the next thing to do.
function ask(asking) {
  form.classList.toggle("asking", asking);
  form.querySelector("[data-choose=files]").classList.toggle("primary", !asking);
}

async function take(found) {
  trouble("");
  if (box.sending) return trouble(gettext("Wait until these files are sent, then add more."));
  waiting = withoutJunk(found);
  const inside = contents(waiting);
  if (!inside.files) return trouble(gettext("There was no file in this. Drop images, a folder that holds some, or an archive."));
  if (await unfinished.takes(waiting)) return;
  // What folders mean is asked when it is known that no manifest says more: else after a look inside.
  if (inside.archives || (inside.folders.length && inside.manifests)) return send("later");
  if (!inside.folders.length) return send("ignore");
  part("found").textContent = inWords(inside);
  form.elements.folders.value = "ignore"; // asked each time, not assumed from the last
  ask(true);
  part("found").focus();
}

function send(folders) {
  const items = waiting;
  waiting = [];
  ask(false);
  return box.send(items, { title: titleOf(items), folders });
}

function refresh() {
  globalThis.htmx?.ajax("GET", form.dataset.runs, { target: "#runs", swap: "outerHTML" });
}

for (const button of form.querySelectorAll("[data-choose]")) {
  const picker = document.getElementById(`pick-${button.dataset.choose}`);
  button.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    const found = fromPicker(picker);
    picker.value = ""; // the same choice again is a change again
    if (found.length) take(found);
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (waiting.length) send(form.elements.folders.value);
});
part("drop-it").addEventListener("click", () => {
  waiting = [];
  ask(false);
  form.querySelector("[data-choose=files]").focus();
});

// The whole window takes a drop.
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  zone.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("over");
});
addEventListener("drop", async (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  zone.classList.remove("over");
  try {
    await take(await fromDrop(event.dataTransfer));
  } catch {
    trouble(gettext("Some of this could not be read. Check that the files are still there, and drop them again."));
  }
});
addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length && !event.target.closest?.("input, textarea")) take(fromPaste(event.clipboardData));
});

unfinished.look();
