// One cluster: its open images from the centre out, a cut of them, and what is taken out of it.
// What is meant is the page's one choice; the panel on the right labels it.
import { choice, post } from "./explore-choice.js";
import { toast } from "./toasts.js";
import { fill, gettext, ngettext } from "./words.js";

const AT_ONCE = 240; // tiles painted at a time
const STEPS = 20; // presses from nothing to everything

// The images meant: the first `cut` of them without what was taken out.
export function meant(open, cut, out) {
  return open.slice(0, cut).filter((id) => !out.has(id));
}

// What was taken out, read from a choice that somebody else changed.
export function takenOut(open, cut, has) {
  return new Set(open.slice(0, cut).filter((id) => !has(id)));
}

// The cut after one step of about a twentieth.
export function stepped(cut, direction, length) {
  const step = Math.max(1, Math.round(length / STEPS));
  return Math.min(length, Math.max(0, cut + direction * step));
}

export class Cluster {
  constructor(root, boot) {
    Object.assign(this, { root, out: new Set(), painted: 0, quiet: false, batches: [] });
    this.panel = document.querySelector("[data-choice]");
    this.slider = root.querySelector("#cut");
    this.tiles = root.querySelector("[data-tiles]");
    this.slider.addEventListener("input", () => this.apply());
    root.addEventListener("click", (event) => this.pressed(event));
    root.addEventListener("keydown", (event) => this.walked(event));
    document.querySelector("[data-toggle-tile]").addEventListener("click", () => this.toggle(this.current()));
    document.addEventListener("choice:changed", () => this.changed());
    document.addEventListener("explore:labeled", (event) => this.labeled(event.detail));
    this.undoButton = document.querySelector("[data-cluster-undo]");
    this.undoButton.addEventListener("click", () => this.undo());
    this.fill(boot);
  }

  fill({ open, answered }) {
    Object.assign(this, { open, answered, painted: 0 });
    this.out.clear();
    this.slider.max = open.length;
    this.slider.value = open.length;
    this.root.querySelector(".cut").hidden = !open.length;
    this.root.querySelector("[data-nothing]").hidden = open.length > 0;
    this.tiles.replaceChildren();
    this.more();
    this.paintAnswered();
    this.apply();
  }

  get cut() {
    return Number(this.slider.value);
  }

  apply() {
    this.quiet = true;
    choice.set(meant(this.open, this.cut, this.out));
    this.quiet = false;
    this.paint();
  }

  // The panel took an image out, or chose none.
  changed() {
    if (this.quiet) return;
    if (!choice.size) this.slider.value = 0;
    this.out = takenOut(this.open, this.cut, (id) => choice.has(id));
    this.paint();
  }

  // Labeled, or taken back: the server says what is left.
  labeled({ batch, undone }) {
    if (undone) this.batches = this.batches.filter((each) => each !== batch);
    else this.batches.push(batch);
    this.undoButton.disabled = !this.batches.length;
    return this.reload();
  }

  async undo() {
    const batch = this.batches.at(-1);
    if (!batch) return;
    try {
      await post(this.panel.dataset.undoUrl, { ids: [], batch }, this.panel.dataset.csrf);
      await this.labeled({ batch, undone: true });
    } catch (error) {
      toast(error.message);
    }
  }

  async reload() {
    const response = await fetch(this.root.dataset.url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (response?.ok) this.fill(await response.json());
    this.tiles.querySelector("button")?.focus({ preventScroll: true });
  }

  pressed(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.id) this.toggle(button);
    if ("more" in button.dataset) this.more();
    if (button.dataset.cutStep) {
      this.slider.value = stepped(this.cut, Number(button.dataset.cutStep), this.open.length);
      this.apply();
    }
  }

  // Inside the cut an image is taken out or put back; beyond it, it moves the cut to itself.
  toggle(tile) {
    if (!tile) return;
    const id = Number(tile.dataset.id);
    const place = this.open.indexOf(id);
    if (place >= this.cut) this.slider.value = place + 1;
    else if (!this.out.delete(id)) this.out.add(id);
    this.apply();
  }

  current() {
    const tile = document.activeElement?.closest("[data-tiles] button");
    return tile ?? this.tiles.querySelector("button");
  }

  walked(event) {
    const at = [...this.tiles.children].indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") event.preventDefault(); // Enter labels; X takes out
    const columns = getComputedStyle(this.tiles).gridTemplateColumns.split(" ").length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!step) return;
    event.preventDefault();
    if (at + step >= this.tiles.children.length) this.more();
    this.tiles.children[Math.min(this.tiles.children.length - 1, Math.max(0, at + step))].focus();
  }

  more() {
    const some = this.open.slice(this.painted, this.painted + AT_ONCE);
    this.tiles.append(...some.map((id, i) => this.tile(id, this.painted + i)));
    this.painted += some.length;
    this.root.querySelector("[data-more]").hidden = this.painted >= this.open.length;
    this.paint();
  }

  tile(id, place) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "tile pick" });
    button.dataset.id = id;
    button.setAttribute("aria-label", fill(gettext("Image %(n)s from the middle"), { n: place + 1 }));
    const thumb = document.createElement("span");
    thumb.className = "thumb";
    thumb.append(this.picture(id));
    const tick = document.querySelector("#cluster-tick").content.cloneNode(true);
    button.append(thumb, tick);
    return button;
  }

  picture(id) {
    const picture = document.createElement("img");
    return Object.assign(picture, { src: this.panel.dataset.thumb.replace("/0/", `/${id}/`), alt: "", loading: "lazy", width: 120, height: 120 });
  }

  paint() {
    for (const [place, tile] of [...this.tiles.children].entries()) {
      tile.setAttribute("aria-pressed", String(choice.has(Number(tile.dataset.id))));
      tile.toggleAttribute("data-beyond", place >= this.cut);
    }
    const words = ngettext("%(cut)s of %(n)s image", "%(cut)s of %(n)s images", this.open.length);
    const out = this.out.size ? ` · ${fill(ngettext("%(n)s taken out", "%(n)s taken out", this.out.size), { n: this.out.size })}` : "";
    const told = fill(words, { cut: this.cut.toLocaleString("en"), n: this.open.length.toLocaleString("en") });
    this.root.querySelector("[data-cut-words]").textContent = told + out;
  }

  paintAnswered() {
    const section = this.root.querySelector("[data-answered]");
    const n = this.answered.length;
    section.hidden = !n;
    section.querySelector("[data-answered-title]").textContent = fill(ngettext("%(n)s answered already", "%(n)s answered already", n), { n: n.toLocaleString("en") });
    section.querySelector("[data-answered-tiles]").replaceChildren(...this.answered.slice(0, 60).map((id) => this.link(id)));
  }

  link(id) {
    const link = document.createElement("a");
    link.className = "tile";
    link.href = this.panel.dataset.page.replace(/\/0$/, `/${id}`);
    link.setAttribute("aria-label", fill(gettext("Image %(id)s"), { id }));
    const thumb = document.createElement("span");
    thumb.className = "thumb";
    thumb.append(this.picture(id));
    link.append(thumb);
    return link;
  }
}

const root = globalThis.document?.querySelector("[data-cluster]");
if (root) new Cluster(root, JSON.parse(document.getElementById("cluster-boot").textContent));
