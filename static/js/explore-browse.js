// The list of Explore: an endless grid of tiles behind filters. Only what is in sight is drawn.
import { choice, post } from "./explore-choice.js";
import { filterQuery, fillForm } from "./explore-filter.js";
import { Pages } from "./explore-pages.js";
import { Preparing } from "./explore-preparing.js";
import { makeTile, paintTile } from "./explore-tile.js";
import { Window } from "./explore-window.js";
import { toast } from "./toasts.js";
import { fill, gettext, ngettext } from "./words.js";

const QUIET_MS = 150; // after the last change of a filter
const root = document.querySelector("[data-browse]");
const form = document.querySelector("[data-filter]");
const box = root.querySelector("[data-scroll]");
const sheet = root.querySelector("[data-sheet]");
const boot = JSON.parse(document.getElementById("explore-boot").textContent);
const labels = new Map(boot.labels.map((label) => [label.id, label]));
const live = new Map(); // place → element
const spare = []; // elements out of sight, to be used again
let cursor = 0;
let anchor = 0; // where a range begins
let win = null;
let timer = 0;
let query = "";

const preparing = new Preparing(root.querySelector("[data-preparing]"), {
  ask: () => getJson(root.dataset.images, "count=1"),
  ready: () => (look(), count()),
});
const pages = new Pages({ get, heard: () => (layout(), preparing.show(pages.preparing)), failed: (error) => say(error.message) });

async function getJson(url, given) {
  const response = await fetch(`${url}?${given}`, { headers: { Accept: "application/json" } });
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.detail || gettext("That did not work. Reload the page and try again."));
  return told;
}

function get(offset, count, stamp) {
  const given = new URLSearchParams(query);
  for (const [name, value] of Object.entries({ offset, count, at: stamp })) given.set(name, value);
  return getJson(root.dataset.images, given);
}

// ---- filters -------------------------------------------------------------------------------

function look() {
  query = filterQuery(form);
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  const autolabel = document.querySelector("[data-autolabel]");
  autolabel.href = `${autolabel.pathname}?${query}`;
  pages.restart();
  cursor = anchor = 0;
  box.scrollTop = 0;
  pages.want(0, 1);
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(look, QUIET_MS);
}

async function count() {
  const told = await getJson(root.dataset.counts, "").catch(() => null);
  if (!told) return;
  for (const place of document.querySelectorAll("[data-n]")) {
    const [group, key] = place.dataset.n.split(":");
    place.textContent = (told[group]?.[key] ?? 0).toLocaleString("en");
  }
}

function say(words) {
  root.querySelector("[data-found]").textContent = words;
}

// ---- drawing -------------------------------------------------------------------------------

function layout() {
  const total = pages.total ?? 0;
  const style = getComputedStyle(sheet);
  const height = parseFloat(style.getPropertyValue("--tile-height"));
  const least = parseFloat(style.getPropertyValue("--tile-width"));
  const columns = Math.max(2, Math.floor(sheet.clientWidth / least));
  win = new Window({ total, columns, height, view: box.clientHeight });
  sheet.style.height = `${win.tall}px`;
  root.querySelector("[data-empty]").hidden = pages.total !== 0;
  const words = ngettext("%(n)s image", "%(n)s images", total);
  if (pages.total !== null) say(fill(words, { n: total.toLocaleString("en") }));
  root.querySelector("[data-all]").disabled = !total;
  draw();
}

function draw() {
  if (!win) return;
  const { first, end, top } = win.at(box.scrollTop);
  for (const [i, element] of live) if (i < first || i >= end) drop(i, element);
  const width = sheet.clientWidth / win.columns;
  for (let i = first; i < end; i += 1) {
    const element = live.get(i) ?? take(i);
    const row = Math.floor((i - first) / win.columns);
    element.style.transform = `translate(${(i % win.columns) * width}px, ${top + row * win.height}px)`;
    element.style.width = `${width}px`;
    paint(i, element);
  }
  if (end > first) pages.want(first, end);
  root.dataset.ready = pages.tile(first) ? "yes" : "";
}

function take(i) {
  const element = spare.pop() ?? makeTile();
  live.set(i, element);
  sheet.append(element);
  return element;
}

function drop(i, element) {
  live.delete(i);
  element.remove();
  spare.push(element);
}

function paint(i, element) {
  const tile = pages.tile(i);
  element.dataset.place = i;
  element.tabIndex = i === cursor ? 0 : -1;
  element.setAttribute("aria-posinset", i + 1);
  element.setAttribute("aria-setsize", win.total);
  paintTile(element, tile, { labels, thumb: root.dataset.thumb, chosen: Boolean(tile?.id) && choice.has(tile.id) });
}

// ---- choosing ------------------------------------------------------------------------------

function placesTo(i) {
  const [a, b] = [Math.min(anchor, i), Math.max(anchor, i)];
  return Array.from({ length: b - a + 1 }, (_, n) => a + n);
}

async function chooseRange(i) {
  const places = placesTo(i);
  await pages.want(places[0], places.at(-1) + 1);
  const ids = places.map((place) => pages.tile(place)?.id).filter(Boolean);
  choice.add(ids);
}

function press(i, { range = false } = {}) {
  goTo(i);
  if (range) return void chooseRange(i);
  anchor = i;
  const id = pages.tile(i)?.id;
  if (id) choice.toggle(id);
}

function goTo(i) {
  cursor = Math.max(0, Math.min(i, win.total - 1));
  box.scrollTop = win.reveal(cursor, box.scrollTop);
  draw();
  live.get(cursor)?.focus({ preventScroll: true });
}

async function chooseAll(button) {
  button.setAttribute("aria-busy", "true");
  try {
    const told = await getJson(root.dataset.ids, query);
    choice.set(told.ids);
    if (told.ids.length < told.total) toast(fill(gettext("The first %(n)s are chosen; that is as many as one choice holds."), { n: told.ids.length.toLocaleString("en") }));
  } catch (error) {
    toast(error.message);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const STEPS = {
  ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -win.columns, ArrowDown: () => win.columns,
  PageUp: () => -win.columns * Math.floor(win.view / win.height), PageDown: () => win.columns * Math.floor(win.view / win.height),
  Home: () => -cursor, End: () => win.total - 1 - cursor,
}; // prettier-ignore

function key(event) {
  if (!win?.total || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " ") press(cursor);
  else if (event.key === "Enter") open(cursor);
  else if (STEPS[event.key]) {
    const next = cursor + STEPS[event.key]();
    if (next < 0 || next >= win.total) return void event.preventDefault();
    goTo(next);
    if (event.shiftKey) chooseRange(cursor);
    else anchor = cursor;
  } else return;
  event.preventDefault();
}

function open(i) {
  const id = pages.tile(i)?.id;
  if (id) location.assign(root.dataset.page.replace(/0$/, id));
}

// ---- saved views ---------------------------------------------------------------------------

const views = root.querySelector("[data-views]");

async function changeViews(url, body) {
  try {
    paintViews((await post(url, body, root.dataset.csrf)).views);
  } catch (error) {
    toast(error.message);
  }
}

function paintViews(kept) {
  const lines = kept.map((view) => {
    const line = views.querySelector("template").content.cloneNode(true);
    const link = line.querySelector("a");
    link.href = `?${view.query}`;
    link.textContent = view.mine ? view.name : `${view.name} (${view.by})`;
    const button = line.querySelector("button");
    button.hidden = !view.mine;
    button.value = view.id;
    button.setAttribute("aria-label", fill(gettext("Delete the view %(name)s"), { name: view.name }));
    return line;
  });
  views.querySelector("[data-view-list]").replaceChildren(...lines);
}

function keepView(event) {
  event.preventDefault();
  const { name, shared } = event.target.elements;
  changeViews(root.dataset.keep, { name: name.value, shared: shared.checked, query: filterQuery(form) });
  name.value = "";
}

// ---- listening -----------------------------------------------------------------------------

function listen() {
  form.addEventListener("input", changed);
  form.elements.q.addEventListener("click", (event) => event.target.focus()); // its key presses it
  form.addEventListener("submit", (event) => (event.preventDefault(), changed()));
  form.addEventListener("reset", () => setTimeout(changed));
  box.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(() => layout()).observe(box);
  sheet.addEventListener("click", (event) => {
    const tile = event.target.closest("[data-place]");
    if (tile) press(Number(tile.dataset.place), { range: event.shiftKey });
  });
  sheet.addEventListener("dblclick", (event) => {
    const tile = event.target.closest("[data-place]");
    if (tile) open(Number(tile.dataset.place));
  });
  sheet.addEventListener("keydown", key);
  root.querySelector("[data-all]").addEventListener("click", (event) => chooseAll(event.currentTarget));
  views.querySelector("form").addEventListener("submit", keepView);
  views.addEventListener("click", (event) => {
    const button = event.target.closest("[data-forget]");
    if (button) changeViews(root.dataset.forget, { id: Number(button.value) });
  });
  document.addEventListener("choice:changed", draw);
  document.addEventListener("explore:labeled", () => (pages.refresh(), draw(), count()));
}

fillForm(form, location.search);
paintViews(boot.views);
listen();
count();
look();
