// What lies over the points: names where their points are thickest, a few pictures.
import { categoryOf } from "./map-colours.js";
import { NONE } from "./map-data.js";

const SIDE = 24; // cells along an edge, in which points are counted for a name
const FEWEST = 5; // points that make a name
const NAMES = 40; // at most
const APART = { width: 96, height: 72 }; // pixels between two pictures, so that points are seen beside them
const CELL = { width: 128, height: 104 }; // pixels: one picture in each at most

// Where a category's points are thickest: [{ category, n, x, y }]
export function peaks(map, by, count, keep) {
  const cells = new Map();
  const totals = new Uint32Array(count);
  for (let i = 0; i < map.n; i++) {
    const category = categoryOf(map, by, i);
    if (category === NONE || category >= count || !keep[i]) continue;
    totals[category] += 1;
    const [cx, cy] = [0, 1].map((axis) => Math.min(SIDE - 1, Math.floor(((map.places[2 * i + axis] + 1) / 2) * SIDE)));
    const key = (category * SIDE + cy) * SIDE + cx;
    const seen = cells.get(key) ?? { category, n: 0, x: 0, y: 0 };
    seen.n += 1;
    seen.x += map.places[2 * i];
    seen.y += map.places[2 * i + 1];
    cells.set(key, seen);
  }
  const best = new Map();
  for (const seen of cells.values()) if (seen.n > (best.get(seen.category)?.n ?? 0)) best.set(seen.category, seen);
  return [...best.values()]
    .filter(({ category }) => totals[category] >= FEWEST)
    .map(({ category, n, x, y }) => ({ category, n: totals[category], x: x / n, y: y / n }))
    .sort((a, b) => b.n - a.n)
    .slice(0, NAMES);
}

// Points whose pictures stand for what is around them: the ones nearest to the middle of the fullest
// cells of the window, none upon another.
export function pictures(map, near, view, keep, most) {
  const cells = new Map();
  const [left, bottom] = view.toMap(0, view.height);
  const [right, top] = view.toMap(view.width, 0);
  near.inBox(left, bottom, right, top, (i, x, y) => {
    if (!keep[i]) return;
    const [sx, sy] = view.toScreen(x, y);
    const [column, row] = [Math.floor(sx / CELL.width), Math.floor(sy / CELL.height)];
    const key = `${column},${row}`;
    const seen = cells.get(key) ?? { column, row, n: 0, x: 0, y: 0 };
    seen.n += 1;
    seen.x += x;
    seen.y += y;
    cells.set(key, seen);
  });
  const found = [];
  for (const seen of [...cells.values()].sort((a, b) => b.n - a.n)) {
    if (found.length === most) break;
    const [sx, sy] = view.toScreen(seen.x / seen.n, seen.y / seen.n);
    if (found.some((other) => Math.abs(other.sx - sx) < APART.width && Math.abs(other.sy - sy) < APART.height)) continue;
    const point = near.at(seen.x / seen.n, seen.y / seen.n, CELL.width / view.scale, (i) => keep[i]);
    if (point >= 0) found.push({ sx, sy, point });
  }
  return found.map(({ point }) => point);
}

export class Signs {
  constructor(layer, address) {
    Object.assign(this, { layer, address, placed: [] });
  }

  // names: [{ words, x, y }]; points: [{ id, x, y }]
  show(names, points) {
    const made = [
      ...points.map(({ id, x, y }) => ({ x, y, node: Object.assign(new Image(60, 45), { src: this.address(id), alt: "" }) })),
      ...names.map(({ words, x, y }) => ({ x, y, node: Object.assign(document.createElement("span"), { textContent: words }) })),
    ];
    this.placed = made;
    this.layer.replaceChildren(...made.map(({ node }) => node));
  }

  move(view) {
    for (const { x, y, node } of this.placed) {
      const [left, top] = view.toScreen(x, y);
      node.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px) translate(-50%, -50%)`;
      node.hidden = left < -40 || top < -40 || left > view.width + 40 || top > view.height + 40;
    }
  }
}
