// What the colours mean: each category with its mark and how many. A press chooses all of it that is
// in view.
import { categoryOf } from "./map-colours.js";
import { NONE } from "./map-data.js";
import { gettext } from "./words.js";

const SHOWN = 40;

export class MapLegend {
  constructor(page, box) {
    Object.assign(this, { page, box });
    box.addEventListener("click", (event) => this.press(event.target.closest("button")));
  }

  paint() {
    const { map, by, found, keep } = this.page;
    const counts = new Uint32Array(256);
    for (let i = 0; i < map.n; i++) if (keep[i]) counts[categoryOf(map, by, i)] += 1;
    const shown = found.map((category, at) => ({ ...category, at, n: counts[at] })).filter(({ n }) => n);
    const words = by === "label" ? gettext("not labeled") : gettext("none");
    if (counts[NONE]) shown.push({ words, mark: 1, css: "map-plain", at: NONE, n: counts[NONE] });
    this.box.replaceChildren(...shown.slice(0, SHOWN).map((each) => this.item(each)));
  }

  item({ words, mark, css, at, n }) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.category = at;
    button.title = gettext("Choose what is seen of these");
    button.innerHTML = `<svg class="mk map-colour" viewBox="0 0 12 12" aria-hidden="true"><use href="#m${Number(mark)}"/></svg><span></span> <span class="num quiet"></span>`;
    button.querySelector("svg").classList.add(...css.split(" "));
    const [name, number] = button.querySelectorAll("span");
    name.textContent = words;
    number.textContent = n.toLocaleString("en");
    return button;
  }

  press(button) {
    if (!button) return;
    const { map, by, keep, view } = this.page;
    const at = Number(button.dataset.category);
    const seen = [];
    for (let i = 0; i < map.n; i++) {
      if (!keep[i] || categoryOf(map, by, i) !== at) continue;
      if (view.sees(map.places[2 * i], map.places[2 * i + 1])) seen.push(i);
    }
    this.page.choose(seen);
  }
}
