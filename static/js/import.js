// The import page: drop, paste or choose; ask about folders; send; show what happens.

import { contents, fromDrop, fromPaste, fromPicker, inWords, titleOf, withoutJunk } from "./import-files.js";
import { Refused, Sending } from "./import-send.js";

const form = document.getElementById("import");
const part = (name) => form.querySelector(`[data-${name}]`);
const zone = part("drop");
let waiting = []; // chosen, not yet sent
let sending = null;

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

function take(found) {
  trouble("");
  if (sending) return trouble("Wait until these files are sent, then add more.");
  waiting = withoutJunk(found);
  const inside = contents(waiting);
  if (!inside.files) return trouble("There was no file in this. Drop images, a folder that holds some, or an archive.");
  if (!inside.folders.length && !inside.archives) return send();
  part("found").textContent = inWords(inside);
  form.elements.folders.value = "ignore"; // asked each time, not assumed from the last
  ask(true);
  part("found").focus();
}

async function send() {
  const items = waiting;
  const folders = form.elements.folders.value;
  const started = Date.now();
  waiting = [];
  ask(false);
  part("sending").hidden = false;
  part("sending-title").textContent = `Sending ${titleOf(items)}`;
  const report = (sent, total) => show(sent, total, Date.now() - started);
  report(0, 1);
  const token = form.elements.csrfmiddlewaretoken.value;
  sending = new Sending({ begin: form.dataset.begin, token, report });
  try {
    await sending.send(items, { title: titleOf(items), folders });
  } catch (error) {
    if (!sending.stopped) {
      trouble(error instanceof Refused ? error.message : "The connection was lost while sending. What had arrived is kept; check the network and drop the rest again.");
    }
  }
  sending = null;
  part("sending").hidden = true;
  refresh();
}

function show(sent, total, elapsed) {
  const share = total ? sent / total : 1;
  part("sent").setAttribute("width", `${(100 * share).toFixed(1)}%`);
  const left = share > 0.05 && elapsed > 3000 ? (elapsed * (1 - share)) / share / 1000 : 0;
  const words = `${Math.floor(100 * share)}\u00a0% sent`;
  part("sending-state").textContent = left > 90 ? `${words}, about ${Math.round(left / 60)} min left` : words;
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
  if (waiting.length) send();
});
part("drop-it").addEventListener("click", () => {
  waiting = [];
  ask(false);
  form.querySelector("[data-choose=files]").focus();
});
part("stop").addEventListener("click", () => sending?.stop());

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
    take(await fromDrop(event.dataTransfer));
  } catch {
    trouble("Some of this could not be read. Check that the files are still there, and drop them again.");
  }
});
addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length && !event.target.closest?.("input, textarea")) take(fromPaste(event.clipboardData));
});

addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
