// Try it: a picture that is chosen, dropped or pasted is judged by the serving model; not kept.
import { correct } from "./try-correction.js";
import { fill, gettext } from "./words.js";

const box = document.querySelector("[data-try]");
const part = (name) => box.querySelector(`[data-try-${name}]`);
const NS = "http://www.w3.org/2000/svg";
let address = "", shown = null;

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
  shown = file;
  part("picture").src = address;
  part("result").hidden = false;
  part("why").hidden = true;
  if (part("fix")) part("fix").hidden = true;
  part("scores").replaceChildren();
}

function say(words) {
  part("words").textContent = words;
}

function paint(said, told) {
  const best = Object.entries(said.scores).slice(0, 5);
  part("scores").replaceChildren(...best.map(([name, p]) => row(name, p, told.thresholds[name])));
  part("like").replaceChildren(...(said.similar ?? []).map(like));
  part("why").hidden = !said.similar?.length;
  if (part("fix")) part("fix").hidden = false;
  const given = said.labels?.length ? said.labels.join(", ") : said.label;
  const verdict = given ? fill(gettext("The model says %(label)s."), { label: given })
    : gettext("Under its threshold the model says unknown.");
  const took = fill(gettext("Version %(n)s, %(ms)s ms."), { n: told.model_version, ms: Math.round(told.took_ms) });
  say(`${verdict} ${took}`);
}

// An image of the pool that is like the picture, with what people said of it.
function like(image) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = box.dataset.page.replace(/0$/, image.id);
  const picture = document.createElement("img");
  picture.src = `${box.dataset.images}${image.id}/thumb`;
  picture.alt = image.name;
  picture.loading = "lazy";
  const label = document.createElement("span");
  label.className = "clip";
  label.textContent = label.title = image.labels.join(", ") || gettext("no answer yet");
  const near = document.createElement("span");
  near.className = "num tiny";
  near.textContent = image.similarity.toFixed(2);
  link.append(picture, label, near);
  item.append(link);
  return item;
}

function row(name, p, floor) {
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.className = "clip";
  words.textContent = words.title = name;
  const share = document.createElement("span");
  share.className = "num";
  share.textContent = fill(gettext("%(n)s %%"), { n: Math.round(100 * p) }).replace("%%", "%");
  item.append(words, bar(p, floor), share);
  if (floor) item.title = fill(gettext("Given from %(n)s %% up."), { n: Math.round(100 * floor) }).replace("%%", "%");
  return item;
}

function bar(p, floor) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "bar model");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(NS, "rect");
  rect.setAttribute("height", "100%");
  rect.setAttribute("width", `${100 * p}%`);
  svg.append(rect);
  if (floor && floor < 1) svg.append(marker(floor));
  return svg;
}

// Where the threshold lies.
function marker(floor) {
  const rect = document.createElementNS(NS, "rect");
  rect.setAttribute("class", "floor");
  rect.setAttribute("height", "100%");
  rect.setAttribute("width", "2");
  rect.setAttribute("x", `${100 * floor}%`);
  return rect;
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
  if (part("fix")) correct(part("fix"), box.dataset.token, () => shown, say);
  part("file").addEventListener("change", (event) => first(event.target.files));
  part("choose").addEventListener("click", () => part("file").click());
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over"); });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", onDrop);
  document.addEventListener("paste", (event) => first(event.clipboardData?.files ?? []));
}
