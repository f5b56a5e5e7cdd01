// Names of a manifest that fit no label: found, put in order. And which imports wait for a word.

// "7:1a2b3c4d 8:…" as the runs say: which imports wait, and what the last look at them found.
export function wanted(text) {
  const pairs = text.split(" ").filter(Boolean).map((pair) => pair.split(":"));
  return new Map(pairs.map(([number, look]) => [number, look]));
}

const folded = (text) => text.normalize("NFKC").toLocaleLowerCase();

export const fits = (name, wish) => folded(name).includes(folded(wish.trim()));

// names: [{name, rows}]; by "rows" the most first, by "name" from A to Z.
export function order(names, by) {
  const byName = (a, b) => folded(a.name).localeCompare(folded(b.name), undefined, { numeric: true });
  return [...names].sort((a, b) => (by === "name" ? byName(a, b) : b.rows - a.rows || byName(a, b)));
}
