// The sheet of pictures: one element per image, made and decoded ahead, changed in place.
import { isTiny } from "./tiny-pictures.js";
import { surely, tileWords } from "./grid-words.js";

function pictureOf(question) {
  const picture = new Image();
  picture.alt = "";
  picture.width = question.width;
  picture.height = question.height;
  picture.draggable = false;
  if (isTiny(question)) picture.className = "tiny-picture";
  picture.src = question.urls.thumb;
  return picture;
}

// `template` is a tile without a picture; `names` and `marks` are those of the labels, by id.
export class Sheet {
  #made = new WeakMap();

  constructor(sheet, { template, names, marks }) {
    Object.assign(this, { sheet, template, names, marks });
  }

  // Fetch and decode what stands on the page; what does not come is marked as missing.
  async prepare(page) {
    await Promise.all(page.tiles.map((tile) => this.#prepareTile(tile)));
  }

  async #prepareTile(tile) {
    const { picture } = this.#elementsOf(tile);
    try {
      await picture.decode();
      tile.missing = false;
      tile.decoded = true;
    } catch {
      tile.missing = true;
      tile.decoded = true;
    }
  }

  isReady(page) {
    return page.tiles.every((tile) => tile.decoded);
  }

  #elementsOf(tile) {
    const found = this.#made.get(tile);
    if (found) return found;
    // Imported, because pictures are not fetched in a template's own document.
    const element = document.importNode(this.template.content, true).firstElementChild;
    const picture = pictureOf(tile.question);
    element.querySelector(".thumb").append(picture);
    element.querySelector(".p").textContent = surely(tile.question.confidence);
    element.id = `pick-${tile.question.item}`;
    element.dataset.item = tile.question.item;
    const made = { element, picture };
    this.#made.set(tile, made);
    return made;
  }

  // Put the page on the sheet, or change what is there.
  paint(page) {
    const elements = page.tiles.map((tile) => this.#elementsOf(tile).element);
    const there = this.sheet.children;
    const same = there.length === elements.length && elements.every((element, place) => element === there[place]);
    if (!same) {
      this.sheet.replaceChildren(...elements);
      this.sheet.parentElement.scrollTop = 0;
    }
    const chosen = new Set(page.anchor === null ? [] : page.chosen);
    page.tiles.forEach((tile, place) => this.#paintTile(tile, place, { cursor: place === page.cursor, chosen: chosen.has(place) }));
    const under = page.tiles[page.cursor];
    if (under) this.sheet.setAttribute("aria-activedescendant", `pick-${under.question.item}`);
    else this.sheet.removeAttribute("aria-activedescendant");
  }

  #paintTile(tile, place, { cursor, chosen }) {
    const { element } = this.#elementsOf(tile);
    element.setAttribute("aria-selected", String(!tile.out && !tile.missing));
    element.setAttribute("aria-label", tileWords(tile, place, this.names));
    element.classList.toggle("cursor", cursor);
    element.classList.toggle("chosen", chosen);
    element.classList.toggle("missing", tile.missing);
    const given = element.querySelector(".given");
    if (given.dataset.label !== String(tile.given ?? "")) {
      given.dataset.label = String(tile.given ?? "");
      given.hidden = tile.given === null;
      const name = document.createElement("b");
      name.textContent = this.names.get(tile.given) ?? "";
      name.title = name.textContent;
      given.replaceChildren(...(tile.given === null ? [] : [this.marks(tile.given), name]));
    }
  }

  // Keep the image under the marker in sight.
  reveal(page) {
    const tile = page.tiles[page.cursor];
    if (tile) this.#elementsOf(tile).element.scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.sheet.replaceChildren();
    this.sheet.removeAttribute("aria-activedescendant");
  }

  // How many images stand side by side.
  get columns() {
    return Math.max(1, getComputedStyle(this.sheet).gridTemplateColumns.split(" ").length);
  }

  // How many fit without scrolling.
  fit(fewest, most) {
    const style = getComputedStyle(this.sheet);
    const gap = parseFloat(style.rowGap) || 0;
    const width = parseFloat(style.gridTemplateColumns) || 176;
    const room = this.sheet.parentElement.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const rows = Math.floor((room + gap) / ((width * 3) / 4 + gap));
    const columns = this.columns;
    const full = Math.max(Math.ceil(fewest / columns), Math.min(rows, Math.floor(most / columns)));
    return Math.max(1, Math.min(most, full * columns));
  }
}
