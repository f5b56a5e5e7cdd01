// The map by keyboard: arrows go to the neighbour, Space takes it in or out, Enter opens it.
import { choice } from "./explore-choice.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class MapKeys {
  #page;

  constructor(page) {
    this.#page = page;
    page.canvas.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (!arrow && ![" ", "Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#act(event.key, arrow);
  }

  #act(key, arrow) {
    const page = this.#page;
    const seen = (i) => page.keep[i];
    if (key === "Escape") page.leave();
    else if (page.current < 0) page.go(page.near.at(page.view.x, page.view.y, 4, seen));
    else if (arrow) page.go(page.near.towards(page.current, arrow, seen));
    else if (key === " ") choice.toggle(page.map.ids[page.current]);
    else location.assign(page.address("page", page.map.ids[page.current]));
  }
}
