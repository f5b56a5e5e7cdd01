// Explore as a map: points on a canvas, what is under the pointer, a line around what is chosen.
import { choice } from "./explore-choice.js";
import { categories, palette, styles } from "./map-colours.js";
import { NONE, passing, unpack } from "./map-data.js";
import { FlatPainter } from "./map-flat.js";
import { MapGestures } from "./map-gestures.js";
import { GlPainter } from "./map-gl.js";
import { MapLegend } from "./map-legend.js";
import { MapList } from "./map-list.js";
import { Near } from "./map-near.js";
import { peaks, pictures, Signs } from "./map-signs.js";
import { MapView } from "./map-view.js";
import { fill, gettext, ngettext } from "./words.js";

const REST_MS = 160; // after a movement, until pictures are chosen anew
const SLOW_MS = 60; // between two frames of a movement, from which fewer points are painted
const FEWEST = 15_000; // points painted while it moves, however slow the machine
const REACH = { mouse: 9, touch: 22, pen: 14 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

class MapPage {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.view = new MapView();
    this.current = -1;
    this.filters = { labels: null, most: 1, differ: false, kept: null };
    this.by = this.find("colour").value;
    try {
      this.painter = new GlPainter(this.canvas);
    } catch {
      this.painter = new FlatPainter(this.canvas);
    }
    root.dataset.painter = this.painter.constructor === GlPainter ? "webgl" : "canvas";
    this.signs = new Signs(this.find("signs"), (id) => this.address("thumb", id));
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
    if (!response?.ok) return this.tell(gettext("The map could not be loaded. Reload the page to try again."));
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
      hover: (left, top) => this.hover(left, top),
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
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.find("colour").addEventListener("change", (event) => this.recolour(event.target.value));
    this.find("pictures").addEventListener("change", () => this.moved());
    this.find("in").addEventListener("click", () => this.zoom(1.5));
    this.find("out").addEventListener("click", () => this.zoom(1 / 1.5));
    this.find("fit").addEventListener("click", () => {
      this.view.fit();
      this.moved();
    });
    this.find("filters").addEventListener("input", () => this.filter());
    this.find("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.search();
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
    this.keep = passing(this.map, this.filters);
    this.colours = palette(this.found);
    const { style, order } = styles(this.map, this.by, this.found, this.keep, (id) => choice.has(id));
    this.painter.setStyles(style, order);
    this.painter.setPalette(this.colours, inkNow());
    if (signs) {
      const named = ["label", "predicted", "cluster"].includes(this.by);
      this.names = named ? peaks(this.map, this.by, this.found.length, this.keep) : [];
      this.legend.paint();
      this.count();
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
    this.hide();
    this.moving = true;
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
    this.painter.paint(this.view, Math.min(14, base * this.view.zoom ** 0.4), this.dpr, this.most());
    this.signs.move(this.view);
    this.mark();
  }

  // How many points this frame holds: all at rest; while it moves on a slow machine, the last of the
  // order, which are the chosen and the labeled ones.
  most() {
    const now = performance.now();
    const since = now - (this.painted ?? now);
    this.painted = now;
    if (!this.moving) return this.map.n;
    if (since > SLOW_MS && since < REST_MS * 4) this.limit = Math.max(FEWEST, (this.limit ?? this.map.n) / 2);
    return this.limit ?? this.map.n;
  }

  rested() {
    if (!this.map) return;
    if (this.moving && (this.limit ?? this.map.n) < this.map.n) this.paintSoon();
    this.moving = false;
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
    if (line) this.hide();
    const path = this.find("lasso");
    path.setAttribute("d", line ? `M${line.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}z` : "");
  }

  // The pointer ---------------------------------------------------------------------------

  under(left, top, kind = "mouse") {
    const [x, y] = this.view.toMap(left, top);
    return this.near.at(x, y, REACH[kind] / this.view.scale, (i) => this.keep[i]);
  }

  hover(left, top) {
    const i = this.under(left, top);
    this.canvas.classList.toggle("over-point", i >= 0);
    if (i < 0) this.hide();
    else this.show(i);
  }

  hide() {
    this.find("hover").hidden = true;
  }

  show(i) {
    const card = this.find("hover");
    const [left, top] = this.view.toScreen(this.map.places[2 * i], this.map.places[2 * i + 1]);
    const picture = card.querySelector("img");
    const address = this.address("thumb", this.map.ids[i]);
    if (picture.getAttribute("src") !== address) picture.src = address;
    card.querySelector("p").textContent = this.words(i);
    card.hidden = false;
    const { offsetWidth, offsetHeight } = card;
    const x = left + 16 + offsetWidth > this.view.width ? left - 16 - offsetWidth : left + 16;
    const y = Math.min(Math.max(8, top - offsetHeight / 2), this.view.height - offsetHeight - 8);
    card.style.transform = `translate(${Math.max(8, x)}px, ${y}px)`;
  }

  // What people and the model say of a point.
  words(i) {
    const { map } = this;
    const name = (at) => map.labels[at]?.name ?? "?";
    const parts = [map.label[i] === NONE ? gettext("not labeled") : name(map.label[i])];
    if (map.predicted[i] !== NONE) {
      const p = (map.confidence[i] / 254).toFixed(2);
      parts.push(fill(gettext("the model says %(label)s, %(p)s"), { label: name(map.predicted[i]), p }));
    }
    if (map.cluster[i] < 254 && map.clusters) parts.push(fill(gettext("cluster %(n)s"), { n: map.cluster[i] + 1 }));
    return parts.join(" · ");
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

  // The keyboard --------------------------------------------------------------------------

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (!arrow && ![" ", "Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return this.leave();
    if (this.current < 0) return this.go(this.near.at(this.view.x, this.view.y, 4, (i) => this.keep[i]));
    if (arrow) this.go(this.near.towards(this.current, arrow, (i) => this.keep[i]));
    else if (event.key === " ") choice.toggle(this.map.ids[this.current]);
    else location.assign(this.address("page", this.map.ids[this.current]));
  }

  leave() {
    this.current = -1;
    this.hide();
    this.paintSoon();
  }

  go(i) {
    if (i < 0) return;
    this.current = i;
    this.view.reveal(this.map.places[2 * i], this.map.places[2 * i + 1]);
    this.moved();
    this.show(i);
    this.tell(this.words(i));
  }

  // Filters and legend --------------------------------------------------------------------

  filter() {
    const boxes = [...this.find("filters").querySelectorAll("[data-label]")];
    const wanted = boxes.filter((box) => box.checked);
    const place = new Map(this.map.labels.map((label, at) => [String(label.id), at]));
    this.filters.labels = wanted.length === boxes.length ? null : new Set(wanted.map((box) => place.get(box.dataset.label) ?? NONE));
    this.filters.most = Number(this.find("most").value) / 100;
    this.filters.differ = this.find("differ").checked;
    this.restyle();
  }

  async search() {
    const text = this.find("search").elements.q.value.trim();
    this.filters.kept = null;
    if (text) {
      const response = await fetch(`${this.root.dataset.kept}&q=${encodeURIComponent(text)}`).catch(() => null);
      if (!response?.ok) return this.tell(gettext("That search did not work. Try again."));
      this.filters.kept = new Uint8Array(await response.arrayBuffer());
    }
    this.restyle();
  }

  count() {
    const n = this.keep.reduce((sum, each) => sum + each, 0);
    const words = fill(gettext("%(n)s of %(all)s images"), { n: n.toLocaleString("en"), all: this.map.n.toLocaleString("en") });
    this.find("count").textContent = words;
    const most = this.filters.most;
    this.find("most-words").textContent = most < 1 ? fill(gettext("%(p)s and below"), { p: most.toFixed(2) }) : gettext("any");
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
