// The images in view as a list: the map for keyboard and screen reader. Filled only while it is open.
import { choice } from "./explore-choice.js";
import { pointWords } from "./map-hover.js";
import { fill, gettext } from "./words.js";

const SHOWN = 60;

export class MapList {
  constructor(page, details) {
    Object.assign(this, { page, details, box: details.querySelector("ul"), asked: 0 });
    details.addEventListener("toggle", () => this.paint());
    this.box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) choice.toggle(Number(button.dataset.id));
    });
    document.addEventListener("choice:changed", () => this.press());
  }

  // The points in view nearest to its middle.
  points() {
    const { map, near, view, keep } = this.page;
    const [left, bottom] = view.toMap(0, view.height);
    const [right, top] = view.toMap(view.width, 0);
    const found = [];
    near.inBox(left, bottom, right, top, (i, x, y) => {
      if (keep[i]) found.push([(x - view.x) ** 2 + (y - view.y) ** 2, i]);
    });
    found.sort((a, b) => a[0] - b[0]);
    this.details.querySelector("p").textContent = fill(gettext("%(n)s of the %(all)s images in view, from the middle out."), {
      n: Math.min(SHOWN, found.length).toLocaleString("en"),
      all: found.length.toLocaleString("en"),
    });
    return found.slice(0, SHOWN).map(([, i]) => ({ i, id: map.ids[i] }));
  }

  async paint() {
    if (!this.details.open || !this.page.map) return;
    const points = this.points();
    const asked = ++this.asked;
    const query = points.map(({ id }) => `image=${id}`).join("&");
    const response = await fetch(`${this.page.root.dataset.names}?${query}`).catch(() => null);
    const names = response?.ok ? await response.json() : {};
    if (asked !== this.asked) return;
    this.box.replaceChildren(...points.map(({ i, id }) => this.line(i, id, names[id] ?? "")));
    this.press();
  }

  line(i, id, name) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = id;
    const picture = Object.assign(new Image(60, 45), { src: this.page.address("thumb", id), alt: "", loading: "lazy" });
    const words = document.createElement("span");
    words.textContent = name;
    const said = document.createElement("span");
    said.className = "small quiet";
    said.textContent = pointWords(this.page.map, i);
    button.append(picture, words, said);
    item.append(button);
    return item;
  }

  press() {
    for (const button of this.box.querySelectorAll("button")) button.setAttribute("aria-pressed", choice.has(Number(button.dataset.id)));
  }
}
