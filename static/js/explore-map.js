// Explore as a map: points on a canvas, what is under the pointer, a line around what is chosen.
import { choice } from "./explore-choice.js";
import { categories, palette, styles } from "./map-colours.js";
import { unpack } from "./map-data.js";
import { MapFilters } from "./map-filters.js";
import { FlatPainter } from "./map-flat.js";
import { MapGestures } from "./map-gestures.js";
import { GlPainter } from "./map-gl.js";
import { MapHover, pointWords } from "./map-hover.js";
import { MapKeys } from "./map-keys.js";
import { MapLegend } from "./map-legend.js";
import { MapList } from "./map-list.js";
import { Near } from "./map-near.js";
import { Pace, REST_MS } from "./map-pace.js";
import { peaks, pictures, Signs } from "./map-signs.js";
import { MapView } from "./map-view.js";
import { fill, gettext, ngettext } from "./words.js";

const REACH = { mouse: 9, touch: 22, pen: 14 };

class MapPage {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.view = new MapView();
    this.current = -1;
    this.pace = new Pace();
    this.by = this.find("colour").value;
    try {
      this.painter = new GlPainter(this.canvas);
    } catch {
      this.painter = new FlatPainter(this.canvas);
    }
    root.dataset.painter = this.painter.constructor === GlPainter ? "webgl" : "canvas";
    this.signs = new Signs(this.find("signs"), (id) => this.address("thumb", id));
    this.hover = new MapHover(this.find("hover"), (id) => this.address("thumb", id));
    this.filters = new MapFilters({ find: (name) => this.find(name), search: root.dataset.kept, changed: () => this.restyle(), tell: (words) => this.tell(words) });
    this.legend = new MapLegend(this, this.find("legend"));
    this.list = new MapList(this, document.querySelector("[data-map-list]"));
  }

  find(name) {
    return document.querySelector(`[data-map-${name}]`);
  }

  address(what, id) {
    return this.root.dataset[what].replace("/0", `/${id}`);
  }

  async begin() {
    const response = await fetch(this.root.dataset.points).catch(() => null);
    if (!response?.ok) return this.tell(response?.status === 409 ? await response.text() : gettext("The map could not be loaded. Reload the page to try again."));
    this.map = unpack(await response.arrayBuffer());
    this.near = new Near(this.map.places);
    this.painter.setPlaces(this.map.places);
    this.byId = new Map(Array.from(this.map.ids, (id, i) => [id, i]));
    this.view.around(this.map.places);
    this.listen();
    this.resize();
    this.view.fit();
    this.restyle();
    this.root.dataset.ready = "yes";
  }

  // After labels were given: the same places, other colours.
  async refresh() {
    const response = await fetch(this.root.dataset.points).catch(() => null);
    if (!response?.ok) return;
    const fresh = unpack(await response.arrayBuffer());
    if (fresh.n !== this.map.n) return location.reload();
    this.map = fresh;
    this.restyle();
  }

  listen() {
    new MapGestures(this.canvas, this.view, {
      hover: (left, top) => this.point(left, top),
      press: (left, top, event) => this.press(left, top, event),
      lasso: (line, event) => this.lasso(line, event),
      line: (line) => this.draw(line),
      moved: () => this.moved(),
    });
    new ResizeObserver(() => this.resize()).observe(this.root);
    new MutationObserver(() => this.restyle()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle());
    document.addEventListener("choice:changed", () => this.restyle({ signs: false }));
    document.addEventListener("explore:labeled", () => this.refresh());
    new MapKeys(this);
    this.find("colour").addEventListener("change", (event) => this.recolour(event.target.value));
    this.find("pictures").addEventListener("change", () => this.moved());
    this.find("in").addEventListener("click", () => this.zoom(1.5));
    this.find("out").addEventListener("click", () => this.zoom(1 / 1.5));
    this.find("fit").addEventListener("click", () => {
      this.view.fit();
      this.moved();
    });
  }

  resize() {
    const box = this.root.getBoundingClientRect();
    this.dpr = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(box.width * this.dpr);
    this.canvas.height = Math.round(box.height * this.dpr);
    this.view.resize(box.width, box.height);
    this.moved();
  }

  // What is painted -----------------------------------------------------------------------

  restyle({ signs = true } = {}) {
    if (!this.map) return;
    this.found = categories(this.map, this.by);
    this.keep = this.filters.passing(this.map);
    this.colours = palette(this.found);
    const { style, order } = styles(this.map, this.by, this.found, this.keep, (id) => choice.has(id));
    this.painter.setStyles(style, order);
    this.painter.setPalette(this.colours, inkNow());
    if (signs) {
      const named = ["label", "predicted", "cluster"].includes(this.by);
      this.names = named ? peaks(this.map, this.by, this.found.length, this.keep) : [];
      this.legend.paint();
      this.filters.count(this.keep);
    }
    this.moved();
  }

  recolour(by) {
    this.by = by;
    this.restyle();
  }

  zoom(factor) {
    this.view.zoomAt(factor);
    this.moved();
  }

  moved() {
    this.hover.hide();
    this.pace.moving = true;
    this.paintSoon();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.rested(), REST_MS);
  }

  paintSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    if (!this.map) return;
    const base = this.map.n > 40_000 ? 3 : this.map.n > 5_000 ? 4.5 : 6.5;
    this.painter.paint(this.view, Math.min(14, base * this.view.zoom ** 0.4), this.dpr, this.pace.most(this.map.n));
    this.signs.move(this.view);
    this.mark();
  }

  rested() {
    if (!this.map) return;
    if (this.pace.rest(this.map.n)) this.paintSoon();
    const most = this.find("pictures").checked ? (this.view.width < 600 ? 7 : 16) : 0;
    const points = pictures(this.map, this.near, this.view, this.keep, most);
    this.signs.show(
      (this.names ?? []).map(({ category, x, y }) => ({ words: this.found[category].words, x, y })),
      points.map((i) => ({ id: this.map.ids[i], x: this.map.places[2 * i], y: this.map.places[2 * i + 1] })),
    );
    this.signs.move(this.view);
    this.list.paint();
  }

  // A ring around the current point.
  mark() {
    const ring = this.find("ring");
    ring.hidden = this.current < 0;
    if (this.current < 0) return;
    const [left, top] = this.view.toScreen(this.map.places[2 * this.current], this.map.places[2 * this.current + 1]);
    ring.style.transform = `translate(${left}px, ${top}px) translate(-50%, -50%)`;
  }

  draw(line) {
    if (line) this.hover.hide();
    const path = this.find("lasso");
    path.setAttribute("d", line ? `M${line.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}z` : "");
  }

  // The pointer ---------------------------------------------------------------------------

  under(left, top, kind = "mouse") {
    const [x, y] = this.view.toMap(left, top);
    return this.near.at(x, y, REACH[kind] / this.view.scale, (i) => this.keep[i]);
  }

  point(left, top) {
    const i = this.under(left, top);
    this.canvas.classList.toggle("over-point", i >= 0);
    if (i < 0) this.hover.hide();
    else this.hover.show(this.map, this.view, i);
  }

  press(left, top, event) {
    this.canvas.focus({ preventScroll: true });
    const i = this.under(left, top, event.pointerType || "mouse");
    if (i < 0) return;
    this.go(i);
    choice.toggle(this.map.ids[i]);
  }

  lasso(line, event) {
    const points = this.near.within(line.map(([x, y]) => this.view.toMap(x, y))).filter((i) => this.keep[i]);
    this.choose(points, { more: event.ctrlKey || event.metaKey, less: event.altKey });
  }

  choose(points, { more = false, less = false } = {}) {
    const most = Number(this.root.dataset.most);
    const ids = points.slice(0, most).map((i) => this.map.ids[i]);
    if (less) choice.remove(ids);
    else if (more) choice.add(ids);
    else choice.set(ids);
    if (points.length > most) {
      this.tell(fill(gettext("At most %(most)s images at once: the first are chosen."), { most: most.toLocaleString("en") }));
    } else this.tell(fill(ngettext("%(n)s image chosen.", "%(n)s images chosen.", choice.size), { n: choice.size.toLocaleString("en") }));
  }

  leave() {
    this.current = -1;
    this.hover.hide();
    this.paintSoon();
  }

  go(i) {
    if (i < 0) return;
    this.current = i;
    this.view.reveal(this.map.places[2 * i], this.map.places[2 * i + 1]);
    this.moved();
    this.hover.show(this.map, this.view, i);
    this.tell(pointWords(this.map, i));
  }

  tell(words) {
    this.find("told").textContent = words;
  }
}

function inkNow() {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = getComputedStyle(document.body).color;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data];
}

const root = document.querySelector("[data-map]");
if (root) new MapPage(root).begin();
