// Try it: a picture that is chosen, dropped or pasted is judged by the serving model; not kept.
import { fill, gettext } from "./words.js";

const box = document.querySelector("[data-try]");
const part = (name) => box.querySelector(`[data-try-${name}]`);
const NS = "http://www.w3.org/2000/svg";
let address = "";

async function judge(file) {
  show(file);
  say(gettext("The model is looking …"));
  const body = new FormData();
  body.append("files", file);
  let told;
  try {
    const answer = await fetch(box.dataset.try, { method: "POST", body, headers: { "X-CSRFToken": box.dataset.token } });
    told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
  } catch (error) {
    return say(error instanceof TypeError ? gettext("No connection. Try again.") : error.message);
  }
  const [said] = told.predictions;
  if (said.error) return say(said.error.detail);
  paint(said, told);
}

function show(file) {
  if (address) URL.revokeObjectURL(address);
  address = URL.createObjectURL(file);
  part("picture").src = address;
  part("result").hidden = false;
  part("scores").replaceChildren();
}

function say(words) {
  part("words").textContent = words;
}

function paint(said, told) {
  const best = Object.entries(said.scores).slice(0, 5);
  part("scores").replaceChildren(...best.map(([name, p]) => row(name, p)));
  const given = said.labels?.length ? said.labels.join(", ") : said.label;
  const verdict = given ? fill(gettext("The model says %(label)s."), { label: given })
    : gettext("Under its threshold the model says unknown.");
  const took = fill(gettext("Version %(n)s, %(ms)s ms."), { n: told.model_version, ms: Math.round(told.took_ms) });
  say(`${verdict} ${took}`);
}

function row(name, p) {
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.className = "clip";
  words.textContent = words.title = name;
  const share = document.createElement("span");
  share.className = "num";
  share.textContent = fill(gettext("%(n)s %%"), { n: Math.round(100 * p) }).replace("%%", "%");
  item.append(words, bar(p), share);
  return item;
}

function bar(p) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "bar model");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(NS, "rect");
  rect.setAttribute("height", "100%");
  rect.setAttribute("width", `${100 * p}%`);
  svg.append(rect);
  return svg;
}

function first(files) {
  const file = [...files].find((each) => each.type.startsWith("image/")) ?? files[0];
  if (file) judge(file);
}

function onDrop(event) {
  event.preventDefault();
  box.classList.remove("over");
  first(event.dataTransfer.files);
}

if (box) {
  part("file").addEventListener("change", (event) => first(event.target.files));
  part("choose").addEventListener("click", () => part("file").click());
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over"); });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", onDrop);
  document.addEventListener("paste", (event) => first(event.clipboardData?.files ?? []));
}
