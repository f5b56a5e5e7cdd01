// Beside the large picture: the labeled images that are nearest to it, and what people say of them.
import { fill, gettext, ngettext } from "./words.js";

const known = new Map();

async function fetched(url) {
  if (!known.has(url)) {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    known.set(url, await response.json());
  }
  return known.get(url);
}

function figure(near, labels, address) {
  const made = document.createElement("figure");
  const picture = document.createElement("img");
  picture.src = address(near.image);
  picture.alt = "";
  picture.width = 96;
  picture.height = 72;
  const words = document.createElement("figcaption");
  const name = document.createElement("b");
  name.textContent = near.labels.map((id) => labels.get(id)?.name ?? gettext("another label")).join(", ") || gettext("none of them");
  const similar = document.createElement("span");
  similar.className = "num quiet";
  similar.textContent = fill(gettext("similarity %(value)s"), { value: near.similarity.toFixed(2) });
  words.append(name, similar);
  made.title = near.name;
  made.append(picture, words);
  return made;
}

// "6 of the 8 nearest are rust." The most frequent label among the nearest.
export function finding(neighbours, labels) {
  const counted = new Map();
  for (const { labels: ids } of neighbours) for (const id of ids) counted.set(id, (counted.get(id) ?? 0) + 1);
  const [id, n] = [...counted].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (!n) return "";
  const name = labels.get(id)?.name ?? gettext("another label");
  return fill(ngettext("%(n)s of the %(all)s nearest is %(name)s.", "%(n)s of the %(all)s nearest are %(name)s.", n), { n, all: neighbours.length, name });
}

// Show the nearest of one image in `box`; a later call wins over one that is still under way.
export async function showNear(box, image, labels, address) {
  box.dataset.image = image;
  const [words, list] = [box.querySelector("[data-near-words]"), box.querySelector("[data-near-list]")];
  const url = box.dataset.url.replace(/0$/, image);
  const told = await fetched(url).catch(() => null);
  if (box.dataset.image !== String(image)) return;
  list.replaceChildren(...(told?.neighbours ?? []).map((near) => figure(near, labels, address)));
  if (!told) words.textContent = gettext("The nearest images cannot be shown now. Close and open it again.");
  else if (!told.neighbours.length) words.textContent = gettext("No labeled image is near, or this one has no embedding yet.");
  else {
    const some = told.compared < told.labeled ? ` ${fill(gettext("Compared with %(n)s of %(all)s labeled images, by lot."), { n: told.compared.toLocaleString("en-US"), all: told.labeled.toLocaleString("en-US") })}` : "";
    words.textContent = finding(told.neighbours, labels) + some;
  }
}
