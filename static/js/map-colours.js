// What tells points apart: colour and shape for each category of what is asked.
import { DIFFER, NONE } from "./map-data.js";
import { fill, gettext } from "./words.js";

export const PLAIN = 0; // in the palette: points of no category
const RAMP = 8; // steps of confidence, least sure first

// A category: { words, mark (1 … 12: colour and shape), css: the class its colour comes from }
export function categories(map, by) {
  if (by === "label" || by === "predicted") {
    return map.labels.map((label) => ({ words: label.name, mark: label.mark, css: `c${label.mark} l${label.id}` }));
  }
  if (by === "cluster") return numbered(Math.min(map.clusters, 254), (n) => fill(gettext("cluster %(n)s"), { n: n + 1 }));
  if (by === "person") return numbered(Math.min(map.people.length, 254), (n) => map.people[n]);
  if (by === "confidence") {
    return [...Array(RAMP).keys()].map((n) => ({ words: `${(n / RAMP).toFixed(2)} – ${((n + 1) / RAMP).toFixed(2)}`, mark: 1, css: `map-ramp-${n + 1}` }));
  }
  return [
    { words: gettext("model and people differ"), mark: 11, css: "map-differ" },
    { words: gettext("they agree"), mark: 1, css: "map-agree" },
  ];
}

const numbered = (n, words) => [...Array(n).keys()].map((i) => ({ words: words(i), mark: (i % 12) + 1, css: `c${(i % 12) + 1}` }));

// The category of point i, or NONE.
export function categoryOf(map, by, i) {
  if (by === "confidence") return map.confidence[i] === NONE ? NONE : Math.min(RAMP - 1, Math.floor((map.confidence[i] / 254) * RAMP));
  if (by === "error") return map.label[i] === NONE || map.predicted[i] === NONE ? NONE : map.flags[i] & DIFFER ? 0 : 1;
  return map[by][i];
}

// Colours as the page's theme has them now: RGBA bytes, 256 of them; PLAIN first.
export function palette(found) {
  const ink = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const bytes = new Uint8Array(256 * 4);
  [{ css: "map-plain" }, ...found].slice(0, 256).forEach(({ css }, i) => {
    probe.className = `map-colour ${css}`;
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = getComputedStyle(probe).color;
    ink.fillRect(0, 0, 1, 1);
    bytes.set(ink.getImageData(0, 0, 1, 1).data, 4 * i);
  });
  probe.remove();
  return bytes;
}

// Four bytes a point: place in the palette, shape, state (0 dim, 1 plain, 2 chosen), nothing; and the
// order in which they are painted: dim ones first, chosen ones last.
export function styles(map, by, found, keep, isChosen) {
  const style = new Uint8Array(4 * map.n);
  const rank = new Uint8Array(map.n);
  const counts = new Uint32Array(5);
  for (let i = 0; i < map.n; i++) {
    const at = categoryOf(map, by, i);
    const category = found[at];
    const state = isChosen(map.ids[i]) ? 2 : keep[i];
    style[4 * i] = category ? at + 1 : PLAIN;
    style[4 * i + 1] = category ? category.mark : 1;
    style[4 * i + 2] = state;
    rank[i] = state === 2 ? 3 : state * (category ? 2 : 1);
    counts[rank[i] + 1] += 1;
  }
  for (let r = 0; r < 4; r++) counts[r + 1] += counts[r];
  const order = new Uint32Array(map.n);
  for (let i = 0; i < map.n; i++) order[counts[rank[i]]++] = i;
  return { style, order };
}
