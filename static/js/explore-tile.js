// One tile of the list: the picture, what people say in ink, what the model says in blue.
import { fill, gettext } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export function makeTile() {
  const tile = document.createElement("div");
  tile.className = "x-tile";
  tile.setAttribute("role", "option");
  const inner = document.createElement("div");
  inner.className = "x-inner";
  const picture = document.createElement("img");
  picture.alt = "";
  picture.decoding = "async";
  picture.draggable = false;
  const words = document.createElement("span");
  words.className = "x-words";
  const tick = document.createElement("span");
  tick.className = "x-tick";
  tick.textContent = "✓";
  tick.setAttribute("aria-hidden", "true");
  inner.append(picture, tick, words);
  tile.append(inner);
  return tile;
}

// tile: what the server told, or undefined while it is on its way.
export function paintTile(element, tile, { labels, thumb, chosen }) {
  element.setAttribute("aria-selected", chosen);
  const shown = `${tile?.id ?? ""} ${tile?.labels ?? ""} ${tile?.state ?? ""}`;
  if (element.dataset.shown === shown && shown.trim()) return;
  element.dataset.shown = shown;
  element.dataset.image = tile?.id ?? "";
  const picture = element.querySelector("img");
  if (tile?.id) picture.src = thumb.replace("/0/", `/${tile.id}/`);
  else picture.removeAttribute("src");
  element.querySelector(".x-words").replaceChildren(...(tile ? wordsOf(tile, labels) : []));
  element.title = tile?.name ?? "";
  element.setAttribute("aria-label", tile ? ariaWords(tile, labels) : gettext("Loading"));
}

function wordsOf(tile, labels) {
  if (tile.labels?.length) return tile.labels.map((id) => mark(labels.get(id), "said"));
  if (tile.audit && tile.state === "open") return [tag(gettext("audit"))];
  if (tile.state === "skipped") return [tag(gettext("skipped"))];
  const guess = labels.get(tile.predicted);
  return guess ? [mark(guess, "guessed", tile.confidence)] : [];
}

function mark(label, kind, confidence) {
  const part = document.createElement("span");
  part.className = `x-label ${kind}`;
  if (!label) return part;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `mk c${label.mark} l${label.id}`);
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#m${label.mark}`);
  svg.append(use);
  const name = document.createElement("span");
  name.className = "x-name";
  name.textContent = label.name;
  part.append(svg, name);
  if (confidence != null) part.append(` ${confidence.toFixed(2)}`);
  return part;
}

function tag(words) {
  const part = document.createElement("span");
  part.className = "x-label";
  part.textContent = words;
  return part;
}

function ariaWords(tile, labels) {
  if (!tile.id) return gettext("This image has left the pool");
  const said = (tile.labels ?? []).map((id) => labels.get(id)?.name).filter(Boolean);
  if (said.length) return `${tile.name}, ${said.join(", ")}`;
  const guess = labels.get(tile.predicted)?.name;
  if (guess) return fill(gettext("%(name)s, the model says %(label)s"), { name: tile.name, label: guess });
  return tile.name;
}
