// The Grid page. Enter labels what is ticked; the next page stands there in the same frame.
import { Batches } from "./grid-batches.js";
import { Claims, itemsOf } from "./grid-claims.js";
import { Frame } from "./grid-frame.js";
import { Large } from "./grid-large.js";
import { GridPage } from "./grid-page.js";
import { Sheet } from "./grid-paint.js";
import { listenToSheet, placeAfter } from "./grid-sheet.js";
import { GridSupply } from "./grid-supply.js";
import { pageWords, savedWords, undoneWords } from "./grid-words.js";
import { SavingLine } from "./label-saving.js";
import { Server } from "./label-server.js";
import { oneTab } from "./one-tab.js";
import { Outbox } from "./outbox.js";
import { memoryStore, openStore } from "./outbox-store.js";
import { toast } from "./toasts.js";
import { uuid4 } from "./uuid.js";
import { gettext } from "./words.js";

const POLL_MS = 5_000;
const KEEP_MS = 60_000; // a claim lasts ten minutes

const root = document.querySelector("[data-grid]");
const boot = JSON.parse(document.getElementById("boot").textContent);
const server = new Server({ ...root.dataset, user: boot.user });
const frame = new Frame(root, { choose, takeOver: () => seat.take({ steal: true }) });
const sheet = new Sheet(frame.find("sheet"), { template: document.querySelector("template[data-pick]"), names: frame.names, marks: frame.marks });
const batches = new Batches(boot.batches);
const claims = new Claims(server, root.dataset, boot.chosen);
const makePage = (label, questions) => new GridPage(label, questions.map((each) => claims.local(each)));
const supply = new GridSupply({ claim, release: (items) => claims.release(items), prepare, makePage, heard: learned, counts: boot.counts });
const large = new Large(document.querySelector("[data-large]"), frame.names, { move: (by) => change((on) => on.goTo(on.cursor + by)), flip: () => flip(), give: (another) => give(another) });
const seat = oneTab(`labeler-desk-${boot.user}-${boot.project}`, { sitDown, standUp });
let outbox = null;
let saving = null; // the line that says what is saved
let page = null; // what stands on the sheet
let since = 0; // when it was painted
let empty = boot.empty; // why nothing stands there
let version = boot.progress.model_version;
let wanted = null; // the batch whose images come with the reply, after a reload
let busy = false; // a page is being kept
let away = false; // another tab labels

// ---- what is claimed -----------------------------------------------------------------------

const label = () => page?.label ?? supply.label;
const standing = () => [...(page?.items ?? []), ...supply.items];
const size = () => frame.size || sheet.fit(Number(root.dataset.fewest), Number(root.dataset.most));

async function claim(of) {
  if (!outbox.active || outbox.trouble) return null;
  return claims.page(of, size(), [...standing(), ...itemsOf(outbox.unsent)]);
}

function prepare(next) {
  return sheet.prepare(next).then(paint);
}

// ---- painting ------------------------------------------------------------------------------

function paint() {
  if (page) sheet.paint(page);
  else sheet.clear();
  const kind = away ? "elsewhere" : page ? "" : empty;
  const state = { page, label: label(), counts: supply.counts, last: away ? null : batches.last, standing: Boolean(page), ready: Boolean(page) && sheet.isReady(page), state: page ? "ready" : kind ? "empty" : "loading" };
  frame.paint(state);
  frame.paintEmpty(kind, state);
  root.dataset.ahead = supply.ahead.filter((each) => sheet.isReady(each)).length; // pages that can be painted at once
  saving?.paint();
  if (large.isOpen && page) large.paint(page.tiles[page.cursor], page.cursor);
}

function show(next) {
  page = next;
  since = performance.now();
  if (page) empty = "";
  paint();
  if (!page) return;
  frame.find("announce").textContent = pageWords(page.tiles.length, frame.names.get(page.label));
  if (!sheet.isReady(page)) prepare(page);
}

// The next page, or the reason why there is none.
function turn() {
  const next = supply.take();
  if (!next) empty = supply.dry ? "done" : "";
  show(next);
  supply.more();
}

function learned() {
  if (!page && (supply.ahead.length || supply.dry)) turn();
  else paint();
}

function choose(next) {
  if (away || !frame.names.has(next)) return;
  supply.choose(next, page?.items);
  page = null;
  empty = "";
  history.replaceState(null, "", `?label=${next}${boot.chosen ? "&chosen=1" : ""}`);
  paint();
  supply.more();
}

// ---- answering -----------------------------------------------------------------------------

async function confirm() {
  if (busy || !page || !sheet.isReady(page)) return;
  const done = page;
  const batch = uuid4();
  const body = done.body(batch, uuid4, performance.now() - since);
  const n = body.answers.length;
  if (n + body.taken_out.length && !(await keep({ uuid: batch, kind: "grid", label: done.label, body, created: Date.now() }))) return;
  if (done.missing.length) claims.release(done.missing.map((tile) => tile.question.item));
  if (n) batches.add({ batch, label: done.label, answers: n, page: done });
  supply.counts[done.label] = Math.max(0, (supply.counts[done.label] ?? 0) - done.tiles.length);
  turn();
}

async function undo() {
  const { last } = batches;
  if (!last || busy || away) return;
  if (!(await keep({ uuid: uuid4(), kind: "grid-undo", label: last.label, body: { batch: last.batch }, created: Date.now() }))) return;
  batches.takeBack(last.batch);
  if (last.page) return showAgain(last.page.again());
  wanted = last.batch; // its images come with the reply
  paint();
}

// The page of before stands there again; the one that stood there comes after it.
function showAgain(again) {
  if (again.label !== supply.label) supply.choose(again.label, page?.items);
  else if (page) supply.putBack(page);
  show(again);
}

// Into the drawer first: only what is kept may leave the sheet.
async function keep(entry) {
  busy = true;
  try {
    await outbox.add(entry);
    navigator.storage?.persist?.();
    return true;
  } catch {
    toast(gettext("This browser has no room left: the page cannot be kept on this device."));
    return false;
  } finally {
    busy = false;
  }
}

// The person lets go of a page that the server does not have; its images may be asked again.
async function discard(entry) {
  batches.takeBack(entry.uuid);
  await outbox.discard(entry.uuid);
  paint();
}

// ---- what comes back -----------------------------------------------------------------------

function heard(news, entry, body) {
  if (news === "saved" && entry.kind === "grid") saved(entry, body);
  if (news === "saved" && entry.kind === "grid-undo") undone(entry, body);
  if (news === "gone") toast(gettext("That page could not be taken back: the server does not know it any more."));
  if (news === "lost") toast(body.detail);
  saving.paint();
  supply.more();
}

function saved(entry, body) {
  const words = savedWords(body);
  if (words) toast(words);
  if (!body.saved && batches.takeBack(entry.uuid)) batches.pageOf(entry.uuid);
  paint();
}

function undone({ label: of, body: { batch } }, body) {
  if (body.left) toast(undoneWords(body));
  const items = new Set(body.items.map((question) => question.item));
  const mine = batches.pageOf(batch);
  if (mine) return lose(mine.items.filter((item) => !items.has(item))); // somebody else has them by now
  if (wanted !== batch) return;
  wanted = null;
  if (items.size) showAgain(makePage(of ?? body.items[0].label, body.items));
}

// These are no longer this person's.
function lose(items) {
  const any = page?.lose(items);
  supply.lose(items);
  if (page && !page.tiles.length) turn();
  else if (any) paint();
  return any;
}

async function keepHeld() {
  const asked = standing();
  if (away || document.hidden || !asked.length || outbox.trouble) return;
  const gone = await claims.gone(asked);
  if (!gone || outbox.unsent.length) return;
  if (lose(gone.items)) toast(gettext("Somebody else has some of these images by now; they have left this page."));
  newer(gone.progress);
}

// A newer model has looked at everything: what nobody has seen yet is chosen anew.
function newer(progress) {
  if (progress.model_version === version) return;
  version = progress.model_version;
  supply.giveBack();
  supply.more();
}

// While nothing stands here, look now and then whether something came.
async function look() {
  if (away || document.hidden || page) return;
  if (outbox.trouble) return void outbox.wake();
  const state = await server.poll().catch(() => null);
  if (!state) return;
  if (boot.empty && state.progress.model_version !== version) return location.reload();
  version = state.progress.model_version;
  supply.dry = false;
  supply.more();
}

// ---- one tab at a time ---------------------------------------------------------------------

async function sitDown() {
  if (away) return location.reload(); // the other tab has answered meanwhile
  batches.replay(await outbox.load());
  outbox.start();
  if (!boot.empty || boot.empty === "waiting") choose(boot.label);
  paint();
  supply.more();
}

function standUp() {
  away = true;
  outbox.stop();
  supply.giveBack(page?.items);
  page = null;
  paint();
}

// ---- listening -----------------------------------------------------------------------------

function change(work) {
  if (!page || away) return;
  work(page);
  paint();
  sheet.reveal(page);
}

const flip = () => change((on) => on.flip());
const give = (another) => change((on) => on.give(another));

function arrow(key, extend = false) {
  change((on) => on.goTo(placeAfter(key, on.cursor, sheet.columns, on.tiles.length), { extend }));
}

function open() {
  change((on) => large.open(on.tiles[on.cursor], on.cursor));
}

const placeOf = (item) => page.items.indexOf(item);
const SHEET = {
  press: (item) => change((on) => on.goTo(placeOf(item)) && on.flip()),
  spread: (item) => change((on) => on.spread(placeOf(item))),
  open: (item) => change((on) => on.goTo(placeOf(item)) && open()),
  extend: (key) => arrow(key, true),
  flip,
};
const BUTTONS = {
  commit: confirm, undo, flip, open,
  give: ({ value }) => give(Number(value)),
  arrow: ({ value }) => arrow(value),
  step: ({ value }) => choose(frame.beside(label(), supply.counts, Number(value))),
}; // prettier-ignore

function listen() {
  frame.listen(BUTTONS, () => choose(label()));
  listenToSheet(frame.find("sheet"), SHEET);
  for (const event of ["online", "focus"]) addEventListener(event, () => outbox.wake());
  addEventListener("offline", () => outbox.offline());
  document.addEventListener("visibilitychange", () => document.hidden || (outbox.wake(), keepHeld()));
  addEventListener("pagehide", () => away || (standing().length && server.leave(standing())));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  setInterval(look, POLL_MS);
  setInterval(keepHeld, KEEP_MS);
}

async function start() {
  const store = await openStore({ user: boot.user, project: boot.project }).catch(memoryStore);
  outbox = new Outbox({ store, post: (entry) => server.post(entry), probe: async () => Boolean(await server.poll()), tell: heard });
  saving = new SavingLine(root, document.querySelector("[data-kept]"), { project: boot.project, outbox, ready: () => supply.items.length, discard });
  listen();
  paint();
  await seat.take();
}

start();
