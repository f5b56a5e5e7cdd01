// What the filters beside the map let through, and how many points that is.
import { NONE, passing } from "./map-data.js";
import { fill, gettext } from "./words.js";

export class MapFilters {
  // find(name) is a part of the page; changed() is called when other points pass; tell(words).
  constructor({ find, search, changed, tell }) {
    Object.assign(this, { find, search, changed, tell, labels: null, most: 1, differ: false, kept: null });
    find("filters").addEventListener("input", () => this.changed());
    find("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.seek();
    });
  }

  // A byte for each point: 1 for those that pass.
  passing(map) {
    const boxes = [...this.find("filters").querySelectorAll("[data-label]")];
    this.labels = labelPlaces(map.labels, boxes);
    this.most = Number(this.find("most").value) / 100;
    this.differ = this.find("differ").checked;
    return passing(map, this);
  }

  async seek() {
    const text = this.find("search").elements.q.value.trim();
    this.kept = null;
    if (text) {
      const response = await fetch(`${this.search}&q=${encodeURIComponent(text)}`).catch(() => null);
      if (!response?.ok) return this.tell(gettext("That search did not work. Try again."));
      this.kept = new Uint8Array(await response.arrayBuffer());
    }
    this.changed();
  }

  count(keep) {
    const n = keep.reduce((sum, each) => sum + each, 0);
    this.find("count").textContent = fill(gettext("%(n)s of %(all)s images"), { n: n.toLocaleString("en"), all: keep.length.toLocaleString("en") });
    this.find("most-words").textContent = this.most < 1 ? fill(gettext("%(p)s and below"), { p: this.most.toFixed(2) }) : gettext("any");
  }
}

// The places of the ticked labels in the map's list; null where all are ticked.
export function labelPlaces(labels, boxes) {
  const wanted = boxes.filter((box) => box.checked);
  if (wanted.length === boxes.length) return null;
  const place = new Map(labels.map((label, at) => [String(label.id), at]));
  return new Set(wanted.map((box) => place.get(box.dataset.label) ?? NONE));
}
