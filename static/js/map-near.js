// Which points lie at, around or within something. Places are x, y, x, y, …

const SIDE = 128; // cells along an edge

export class Near {
  // places in [-1, 1]; points are sorted into cells once
  constructor(places) {
    this.places = places;
    const n = places.length / 2;
    this.starts = new Uint32Array(SIDE * SIDE + 1);
    this.order = new Uint32Array(n);
    const cells = new Uint16Array(n);
    for (let i = 0; i < n; i++) {
      cells[i] = cell(places[2 * i + 1]) * SIDE + cell(places[2 * i]);
      this.starts[cells[i] + 1] += 1;
    }
    for (let c = 0; c < SIDE * SIDE; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    for (let i = 0; i < n; i++) this.order[next[cells[i]]++] = i;
  }

  // Call work(i) for each point in the box.
  inBox(left, bottom, right, top, work) {
    for (let row = cell(bottom); row <= cell(top); row++) {
      for (let at = this.starts[row * SIDE + cell(left)]; at < this.starts[row * SIDE + cell(right) + 1]; at++) {
        const i = this.order[at];
        const x = this.places[2 * i];
        const y = this.places[2 * i + 1];
        if (x >= left && x <= right && y >= bottom && y <= top) work(i, x, y);
      }
    }
  }

  // The nearest point at most `reach` away, of those that `may` lets through; -1 if none.
  at(x, y, reach, may = () => true) {
    let best = -1;
    let least = reach * reach;
    this.inBox(x - reach, y - reach, x + reach, y + reach, (i, px, py) => {
      const apart = (px - x) ** 2 + (py - y) ** 2;
      if (apart <= least && may(i)) [best, least] = [i, apart];
    });
    return best;
  }

  // The points within a closed line of [x, y] corners.
  within(line) {
    const xs = line.map(([x]) => x);
    const ys = line.map(([, y]) => y);
    const found = [];
    this.inBox(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i, x, y) => {
      if (inside(line, x, y)) found.push(i);
    });
    return found;
  }

  // The neighbour of point i in a direction, [1, 0] being right; i itself if there is none.
  towards(i, [dx, dy], may = () => true) {
    const [x, y] = [this.places[2 * i], this.places[2 * i + 1]];
    let [best, least] = [i, Infinity];
    for (let j = 0; j < this.places.length / 2; j++) {
      const [ax, ay] = [this.places[2 * j] - x, this.places[2 * j + 1] - y];
      const along = ax * dx + ay * dy;
      const across = Math.abs(ax * dy) + Math.abs(ay * dx);
      if (along <= 0 || across > along) continue;
      const cost = along + 2 * across;
      if (cost < least && may(j)) [best, least] = [j, cost];
    }
    return best;
  }
}

const cell = (v) => Math.min(SIDE - 1, Math.max(0, Math.floor(((v + 1) / 2) * SIDE)));

export function inside(line, x, y) {
  let odd = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [ax, ay] = line[i];
    const [bx, by] = line[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
