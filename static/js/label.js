// The label page. A key paints the next picture in the same frame; saving goes on behind it.
import { afterFrame } from "./after-frame.js";
import { attach as attachAdding } from "./label-adding.js";
import { Desk } from "./label-desk.js";
import { answerEntry, givenBy, undoEntry } from "./label-given.js";
import { Pictures } from "./label-pictures.js";
import { announce, flash, paintAnswers, paintProgress, paintWhy } from "./label-rail.js";
import { SavingLine } from "./label-saving.js";
import { attach as attachSearch } from "./label-search.js";
import { attach as attachSeeing } from "./label-seeing.js";
import { locally, Server } from "./label-server.js";
import { attach as attachRemarks } from "./label-remarks.js";
import { emptyWords, missingWords, putOn } from "./label-stage.js";
import { paintStrip } from "./label-strip.js";
import { Supply } from "./label-supply.js";
import { oneTab } from "./one-tab.js";
import { Outbox } from "./outbox.js";
import { memoryStore, openStore } from "./outbox-store.js";
import { toast } from "./toasts.js";
import { gettext } from "./words.js";

const PATIENCE_MS = 200; // before a skeleton or a word about waiting
const POLL_MS = 5_000;

const root = document.querySelector("[data-desk]");
const boot = JSON.parse(document.getElementById("boot").textContent);
const form = document.getElementById("answer");
const stage = root.querySelector("[data-stage]");

const here = { user: boot.user, project: boot.project };
const server = new Server({ ...root.dataset, csrf: form.elements.csrfmiddlewaretoken.value, user: boot.user });
const local = (question) => locally(question, root.dataset.images);
const desk = new Desk(boot);
const pictures = new Pictures(() => saving?.paint());
const seat = oneTab(`labeler-desk-${here.user}-${here.project}`, { sitDown, standUp });
let today = Number(root.querySelector("[data-today]").dataset.today);
let empty = boot.empty; // why there is nothing, as the server says
let outbox = null;
let supply = null;
let saving = null;
let painted = null; // the question on the stage; a key pressed before it is painted is dropped
let since = 0; // when it was painted
let busy = false; // an answer is being kept
let kept = Promise.resolve(true); // whether the last one was
let away = false; // another tab labels

// The parts hear `desk:painted` with the question on the stage, `desk:answered` with the entry kept.
const tell = (event, detail) => root.dispatchEvent(new CustomEvent(`desk:${event}`, { detail }));

// Each part is given the root of the page and this handle, once.
const handle = { boot, server, question: () => painted };
const PARTS = [attachSeeing, attachSearch, attachAdding, attachRemarks];

// ---- painting ------------------------------------------------------------------------------

function setState(state) {
  root.dataset.state = state;
  const open = state === "ready";
  for (const control of root.querySelectorAll("[data-answer]")) control.disabled = !open;
  root.querySelector("[data-undo]").disabled = away || (desk.strip.length === 0 && desk.walk === null);
}

const show = (node) => putOn(stage, node, { picture: root.dataset.state === "ready", back: desk.walk !== null });

function paintEmpty(kind) {
  painted = null;
  setState(kind === "loading" ? "loading" : "empty");
  show(emptyWords(kind, supply.progress, () => seat.take({ steal: true })));
  root.querySelector("[data-file]").textContent = "";
}

function paintQuestion(question) {
  setState("ready");
  show(pictures.get(question).picture);
  paintAnswers(root, question, desk.changing, boot);
  paintWhy(root, question, supply.progress);
  root.querySelector("[data-file]").textContent = question.name;
  root.querySelector("[data-file]").title = question.name;
  painted = question;
  since = performance.now();
  announce(root, question, boot);
  tell("painted", question);
}

// Show what lies on the desk. Where the picture is not decoded yet, it is painted once it is.
function paint() {
  const question = desk.shown;
  if (away) paintEmpty("elsewhere");
  else if (!question) paintNothing();
  else if (pictures.get(question)?.decoded) paintQuestion(question);
  else paintWhenThere(question);
  paintRest();
}

// All else is painted after the picture's frame, which is spent on the picture alone.
const paintRest = afterFrame(() => {
  paintStrip(root, desk.strip, desk.walk);
  paintProgress(root, supply.progress, today);
  saving?.paint();
  fetchAhead();
});

function paintNothing() {
  painted = null;
  if (empty) paintEmpty(empty);
  else setTimeout(() => !desk.shown && !empty && !away && paintEmpty("loading"), PATIENCE_MS);
}

async function paintWhenThere(question) {
  painted = null;
  setTimeout(() => desk.shown === question && painted !== question && setState("loading"), PATIENCE_MS);
  try {
    await pictures.prepare(question);
    if (desk.shown === question && !away) paintQuestion(question);
  } catch {
    if (desk.shown === question) paintMissing(question);
  }
}

// The picture did not come: it can be skipped, not answered unseen. Without a connection nobody
// can say that it is broken.
function paintMissing(question) {
  const offline = outbox.trouble === "offline";
  setState("missing");
  show(missingWords(offline));
  paintAnswers(root, question, desk.changing, boot);
  for (const skip of root.querySelectorAll('[name="skip"]')) skip.disabled = offline;
  painted = question;
  since = performance.now();
  setTimeout(() => desk.shown === question && root.dataset.state === "missing" && paintWhenThere(question), POLL_MS);
}

// ---- answering -----------------------------------------------------------------------------

async function answer(button) {
  const question = painted;
  const given = givenBy(root, button);
  if (!question || !given || !(await free()) || question !== desk.shown) return;
  flash(button);
  const entry = answerEntry(question, given, { elapsed: performance.now() - since, replaces: desk.changing?.uuid ?? null });
  const changed = desk.changing !== null;
  kept = keep(entry, changed ? 0 : 1);
  desk.answer({ uuid: entry.uuid, ...given });
  if (!changed) {
    today += 1;
    supply.count(given.skip ? 0 : 1);
  }
  paint();
  if (!(await kept)) return;
  tell("answered", entry);
  supply.more();
}

async function undo() {
  const answer = (await free()) && (desk.changing ?? desk.strip[0]);
  if (!answer) return;
  kept = keep(undoEntry(answer), -1);
  desk.undo();
  today = Math.max(0, today - 1);
  paint();
  await kept;
}

// A quick second key waits until the first answer lies in the drawer; a third one is dropped.
async function free() {
  await kept;
  return !busy && !away;
}

// Into the drawer while the next picture is painted; what cannot be kept is taken back from the
// desk. `counts` is what it adds to the answers of today.
async function keep(entry, counts) {
  const takeBack = desk.bookmark();
  busy = true;
  saving.hold(1);
  try {
    await outbox.add(entry);
    navigator.storage?.persist?.();
    return true;
  } catch {
    takeBack();
    today -= counts;
    paintEmpty("full");
    return false;
  } finally {
    saving.hold(0);
    busy = false;
  }
}

// The person lets go of an answer that the server does not have; its image may be asked again.
async function discard(entry) {
  if (entry.kind === "answer") {
    desk.drop(entry.uuid);
    desk.answered.delete(entry.body.item);
  }
  await outbox.discard(entry.uuid);
}

// ---- what comes back -----------------------------------------------------------------------

function heard(news, entry, body) {
  if (news === "saved") {
    desk.mark(entry.uuid, "saved");
    if (!painted && desk.shown && root.dataset.state === "empty") paint(); // there is room again
    if (body?.question) desk.add([local(body.question)]);
  }
  if (news === "lost") {
    if (desk.drop(entry.uuid)) today = Math.max(0, today - 1);
    toast(body.detail);
  }
  if (news === "refused") desk.mark(entry.uuid, "kept");
  if (news === "change") {
    for (const each of outbox?.unsent ?? []) desk.mark(each.uuid, outbox.trouble ? "kept" : "saving");
    saving?.paint();
    if (supply) paintRest();
    supply?.more();
  }
}

function fetchAhead() {
  const last = desk.strip.slice(0, 2).map((answer) => answer.question);
  pictures.ahead(desk.ready, [desk.shown, desk.current, ...last].filter(Boolean));
}

// What the supply has learned: progress, questions that came, why there are none (null: not said).
function learned(progress, fresh, why) {
  if (why !== null) empty = why;
  paintProgress(root, progress, today);
  if (painted) paintWhy(root, painted, progress);
  if (!desk.shown || !painted) paint();
  else if (fresh.length) fetchAhead();
}

// The question asked now went to somebody else while this page rested.
function lost() {
  if (desk.walk === null) paint();
  toast(gettext("That image went to somebody else while this page rested. Here is the next one."));
}

// ---- one tab at a time ---------------------------------------------------------------------

async function sitDown() {
  if (away) return location.reload(); // the other tab has answered meanwhile
  desk.replay(await outbox.load());
  if (boot.change) desk.goTo(boot.change);
  outbox.start();
  if (!navigator.onLine) outbox.offline();
  paint();
  supply.begin();
}

function standUp() {
  away = true;
  outbox.stop();
  paint();
}

// ---- listening -----------------------------------------------------------------------------

function pressed(event) {
  if (event.detail > 0) event.target.closest("button")?.blur(); // Enter goes on meaning the suggestion
  const walk = event.target.closest("[data-walk]")?.dataset.walk;
  const tile = event.target.closest("[data-strip] .tile");
  if (walk === "older" || walk === "newer") desk.step(walk === "older" ? 1 : -1) && paint();
  if (walk === "back" && desk.back()) paint();
  if (!tile) return;
  event.preventDefault();
  if (desk.goTo(tile.dataset.uuid)) paint();
}

function submitted(event) {
  event.preventDefault();
  const button = event.submitter;
  if (button?.name === "undo") undo();
  else if (button) answer(button);
}

function listen() {
  form.addEventListener("submit", submitted);
  root.addEventListener("click", pressed);
  root.addEventListener("desk:relabeled", () => painted && paintAnswers(root, painted, desk.changing, boot));
  // Reading instructions and writing a comment are no part of the time an answer took.
  root.addEventListener("desk:paused", (event) => (since = Math.min(performance.now(), since + event.detail)));
  addEventListener("online", () => outbox.wake());
  addEventListener("offline", () => outbox.offline());
  document.addEventListener("visibilitychange", () => document.hidden || outbox.wake());
  addEventListener("focus", () => outbox.wake());
  for (const use of ["keydown", "pointerdown"]) addEventListener(use, () => away || supply.used(), { passive: true });
  // Leaving gives back what nobody answered. Another tab of this person goes on with it, though.
  addEventListener("pagehide", () => away || !desk.waiting.length || server.leave(desk.waiting));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  setInterval(() => away || !outbox.active || supply.look(POLL_MS, document.hidden), POLL_MS);
}

async function start() {
  if (matchMedia("(max-width: 720px)").matches) root.querySelector(".why").open = false;
  if (desk.shown && stage.querySelector("[data-picture]")) pictures.prepare(desk.shown).catch(() => {});
  const store = await openStore(here).catch(memoryStore);
  const probe = async () => Boolean(await server.poll());
  outbox = new Outbox({ store, post: (entry) => server.post(entry), postMany: (some) => server.postMany(some), probe, tell: heard });
  supply = new Supply({ desk, server, outbox, local, heard: learned, lost, ahead: boot.ahead, progress: boot.progress });
  const ready = () => desk.ready.filter((question) => pictures.has(question)).length;
  saving = new SavingLine(root, document.querySelector("[data-kept]"), { project: here.project, outbox, ready, discard });
  listen();
  for (const attach of PARTS) attach(root, handle);
  await seat.take();
}

start();
