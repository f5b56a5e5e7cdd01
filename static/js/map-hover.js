// The card beside a point of the map: its picture, and what people and the model say of it.
import { NONE } from "./map-data.js";
import { fill, gettext } from "./words.js";

const GAP = 16; // pixels between the point and its card
const EDGE = 8;

export class MapHover {
  // address(id) is the picture's.
  constructor(card, address) {
    Object.assign(this, { card, address });
  }

  hide() {
    this.card.hidden = true;
  }

  show(map, view, i) {
    const [left, top] = view.toScreen(map.places[2 * i], map.places[2 * i + 1]);
    const picture = this.card.querySelector("img");
    const address = this.address(map.ids[i]);
    if (picture.getAttribute("src") !== address) picture.src = address;
    this.card.querySelector("p").textContent = pointWords(map, i);
    this.card.hidden = false;
    const [x, y] = cardPlace(left, top, this.card.offsetWidth, this.card.offsetHeight, view);
    this.card.style.transform = `translate(${x}px, ${y}px)`;
  }
}

// On the right of the point, or on its left where there is no room; never over an edge.
export function cardPlace(left, top, width, height, view) {
  const x = left + GAP + width > view.width ? left - GAP - width : left + GAP;
  const y = Math.min(Math.max(EDGE, top - height / 2), view.height - height - EDGE);
  return [Math.max(EDGE, x), y];
}

// "not labeled · the model says rust, 0.93 · cluster 4".
export function pointWords(map, i) {
  const name = (at) => map.labels[at]?.name ?? "?";
  const parts = [map.label[i] === NONE ? gettext("not labeled") : name(map.label[i])];
  if (map.predicted[i] !== NONE) {
    const p = (map.confidence[i] / 254).toFixed(2);
    parts.push(fill(gettext("the model says %(label)s, %(p)s"), { label: name(map.predicted[i]), p }));
  }
  if (map.cluster[i] < 254 && map.clusters) parts.push(fill(gettext("cluster %(n)s"), { n: map.cluster[i] + 1 }));
  return parts.join(" · ");
}
