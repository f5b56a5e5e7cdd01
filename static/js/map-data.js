// The map as it comes from the server: a header and one array after the other (map_points.py).

export const NONE = 255;
export const OTHER = 254;
export const OPEN = 1;
export const DIFFER = 2;

const ARRAYS = [
  ["ids", Float64Array, 1], ["places", Float32Array, 2], ["label", Uint8Array, 1], ["predicted", Uint8Array, 1],
  ["cluster", Uint8Array, 1], ["person", Uint8Array, 1], ["confidence", Uint8Array, 1], ["flags", Uint8Array, 1],
];

// ArrayBuffer → { n, labels, people, clusters, ids, places, label, … }
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const found = { ...head };
  let at = 4 + length;
  for (const [name, Kind, wide] of ARRAYS) {
    found[name] = new Kind(buffer, at, head.n * wide);
    at += found[name].byteLength;
  }
  return found;
}

// Which points the filters on the left let through. wanted: { labels: Set of places (NONE: nobody has
// labeled it), most: confidence at most, differ: only where model and people differ, kept: bytes or null }
export function passing(map, wanted) {
  const keep = new Uint8Array(map.n);
  const most = Math.round(wanted.most * OTHER);
  for (let i = 0; i < map.n; i++) {
    if (wanted.labels && !wanted.labels.has(map.label[i])) continue;
    if (wanted.most < 1 && map.confidence[i] > most) continue;
    if (wanted.differ && !(map.flags[i] & DIFFER)) continue;
    keep[i] = wanted.kept ? wanted.kept[i] : 1;
  }
  return keep;
}
