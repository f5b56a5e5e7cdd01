// The label page. A key paints the next picture in the same frame; saving goes on behind it.
import { Desk } from "./label-desk.js";
import { Pictures } from "./label-pictures.js";
import { flash, paintAnswers, paintOutbox, paintProgress, paintWhy } from "./label-rail.js";
import { listenToSearch } from "./label-search.js";
import { Server } from "./label-server.js";
import { emptyWords, missingWords, putOn } from "./label-stage.js";
import { paintStrip } from "./label-strip.js";
import { Supply } from "./label-supply.js";
import { holdSpace, Zoom } from "./label-zoom.js";
import { oneTab } from "./one-tab.js";
import { Outbox } from "./outbox.js";
import { memoryStore, openStore } from "./outbox-store.js";
import { toast } from "./toasts.js";
import { uuid4 } from "./uuid.js";

const PATIENCE_MS = 200; // before a skeleton or a word about waiting
const POLL_MS = 5_000;
const SAVING_MS = 400;
const LONGEST_ANSWER_MS = 86_400_000;

const root = document.querySelector("[data-desk]");
const boot = JSON.parse(document.getElementById("boot").textContent);
const form = document.getElementById("answer");
const stage = root.querySelector("[data-stage]");

const here = { user: boot.user, project: boot.project };
const server = new Server({ ...root.dataset, csrf: form.elements.csrfmiddlewaretoken.value, user: boot.user });
const desk = new Desk(boot);
const pictures = new Pictures();
const zoom = new Zoom(stage, () => desk.shown?.urls.original);
const seat = oneTab(`labeler-desk-${here.user}-${here.project}`, { sitDown, standUp });
let today = Number(root.querySelector("[data-today]").textContent.replace(/\D/g, ""));
let empty = boot.empty; // why there is nothing, as the server says
let outbox = null;
let supply = null;
let painted = null; // the question on the stage; a key pressed before it is painted is dropped
let since = 0; // when it was painted
let busy = false; // an answer is being kept
let away = false; // another tab labels

// ---- painting ------------------------------------------------------------------------------

function setState(state) {
  root.dataset.state = state;
  const open = state === "ready";
  for (const control of root.querySelectorAll("[data-answer]")) control.disabled = !open;
  root.querySelector("[data-undo]").disabled = away || (desk.strip.length === 0 && desk.walk === null);
}

const show = (node) => putOn(stage, node, { zooms: root.dataset.state === "ready", back: desk.walk !== null });

function paintEmpty(kind) {
  painted = null;
  setState(kind === "loading" ? "loading" : "empty");
  show(emptyWords(kind, supply.progress, () => seat.take({ steal: true })));
  root.querySelector("[data-file]").textContent = "";
}

function paintQuestion(question) {
  setState("ready");
  show(pictures.get(question).picture);
  zoom.reset();
  paintAnswers(root, question, desk.changing, boot);
  paintWhy(root, question, supply.progress);
  root.querySelector("[data-file]").textContent = question.name;
  root.querySelector("[data-file]").title = question.name;
  painted = question;
  since = performance.now();
  announce(question);
}

// Show what lies on the desk. Where the picture is not decoded yet, it is painted once it is.
function paint() {
  const question = desk.shown;
  paintStrip(root, desk.strip, desk.walk);
  paintProgress(root, supply.progress, today);
  paintOutboxState();
  if (away) paintEmpty("elsewhere");
  else if (!question) paintNothing();
  else if (pictures.get(question)?.decoded) paintQuestion(question);
  else paintWhenThere(question);
  fetchAhead();
}

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

// The picture did not come: it can be skipped, not answered unseen.
function paintMissing(question) {
  setState("missing");
  show(missingWords());
  paintAnswers(root, question, desk.changing, boot);
  for (const skip of root.querySelectorAll('[name="skip"]')) skip.disabled = false;
  painted = question;
  since = performance.now();
  setTimeout(() => desk.shown === question && root.dataset.state === "missing" && paintWhenThere(question), POLL_MS);
}

// "Saving" is shown only when an answer takes a while: most are saved before.
function paintOutboxState() {
  if (!outbox) return;
  const { unsent, trouble, store } = outbox;
  const refused = outbox.refused.map(({ uuid, question, refused: words }) => ({ uuid, name: question?.name ?? "Undo", words }));
  const box = root.querySelector("[data-outbox]");
  box.dataset.unsent = unsent.length;
  const young = unsent.length && Date.now() - unsent[0].created < SAVING_MS;
  clearTimeout(paintOutboxState.timer);
  if (young && !trouble && !refused.length) {
    paintOutboxState.timer = setTimeout(paintOutboxState, SAVING_MS);
    return;
  }
  const state = { unsent: unsent.length, refused, trouble, ready: desk.ready.length, forgetful: store.forgetful };
  paintOutbox(box, state, { signIn: root.dataset.signIn, drop: (uuid) => outbox.discard(uuid) });
}

function announce(question) {
  clearTimeout(announce.timer);
  const suggestion = question.suggestion && !boot.multi ? `. The model suggests ${question.suggestion.label}` : "";
  announce.timer = setTimeout(() => {
    root.querySelector("[data-announce]").textContent = question.name + suggestion;
  }, 500);
}

// ---- answering -----------------------------------------------------------------------------

// What the pressed button answers: {labels, label_ids, skip}, or null when it answers nothing.
function givenBy(button) {
  const nameOf = (pk) => root.querySelector(`.answer[data-label="${pk}"] .label-name`).textContent;
  if (button.name === "skip") return { labels: [], label_ids: [], skip: button.value };
  const picked = [...root.querySelectorAll('input[name="label"]:checked')].map((box) => box.value);
  const pks = { label: [button.value], save: picked, none: [] }[button.name];
  return pks ? { labels: pks.map(nameOf), label_ids: pks.map(Number), skip: null } : null;
}

function entryFor(question, given) {
  const uuid = uuid4();
  const what = given.skip ? { skip: given.skip } : { labels: given.label_ids };
  const elapsed = Math.min(LONGEST_ANSWER_MS, Math.max(0, Math.round(performance.now() - since)));
  const body = { uuid, item: question.item, ...what, elapsed_ms: elapsed, suggestion_shown: Boolean(question.suggestion) };
  return { uuid, kind: "answer", body, given, question, replaces: desk.changing?.uuid ?? null, created: Date.now() };
}

async function answer(button) {
  const question = painted;
  const given = givenBy(button);
  if (!question || question !== desk.shown || busy || !given) return;
  flash(button);
  const entry = entryFor(question, given);
  if (!(await keep(entry))) return;
  const changed = desk.changing !== null;
  desk.answer({ uuid: entry.uuid, ...given });
  if (!changed) {
    today += 1;
    supply.count(given.skip ? 0 : 1);
  }
  paint();
  supply.more();
}

async function undo() {
  const answer = desk.changing ?? desk.strip[0];
  if (!answer || busy || away) return;
  const entry = { uuid: uuid4(), kind: "undo", body: { undo: answer.uuid }, question: answer.question, created: Date.now() };
  if (!(await keep(entry))) return;
  desk.undo();
  today = Math.max(0, today - 1);
  paint();
}

// Into the drawer first: only what is kept may leave the stage.
async function keep(entry) {
  busy = true;
  try {
    await outbox.add(entry);
    navigator.storage?.persist?.();
    return true;
  } catch {
    paintEmpty("full");
    return false;
  } finally {
    busy = false;
  }
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
    paintOutboxState();
    paintStrip(root, desk.strip, desk.walk);
    supply?.more();
  }
}

// The addresses of this site; the API gives ones that a token may open, too.
function local(question) {
  const at = (size) => root.dataset.images.replace("/0/thumb", `/${question.image}/${size}`);
  return { ...question, urls: { thumb: at("thumb"), screen: at("screen"), original: at("original") } };
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

// ---- one tab at a time ---------------------------------------------------------------------

async function sitDown() {
  if (away) return location.reload(); // the other tab has answered meanwhile
  desk.replay(await outbox.load());
  outbox.start();
  paint();
  supply.more();
}

function standUp() {
  away = true;
  outbox.stop();
  paint();
}

// ---- listening -----------------------------------------------------------------------------

function listen() {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    event.preventDefault();
    if (!button) return;
    if (event.submitter.name === "undo") undo();
    else answer(button);
  });
  // A pressed button does not keep the focus, so that Enter goes on meaning the suggestion.
  root.addEventListener("click", (event) => {
    if (event.detail > 0) event.target.closest("button")?.blur();
    const walk = event.target.closest("[data-walk]")?.dataset.walk;
    const tile = event.target.closest("[data-strip] .tile");
    const zoomed = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (walk === "older" || walk === "newer") desk.step(walk === "older" ? 1 : -1) && paint();
    if (walk === "back" && desk.back()) paint();
    if (zoomed) zoom.step(zoomed === "in" ? 1 : -1);
    if (tile) {
      event.preventDefault();
      if (desk.goTo(tile.dataset.uuid)) paint();
    }
  });
  holdSpace(zoom);
  listenToSearch(root);
  addEventListener("online", () => outbox?.wake());
  document.addEventListener("visibilitychange", () => document.hidden || outbox?.wake());
  addEventListener("focus", () => outbox?.wake());
  setInterval(() => document.hidden || away || !outbox.active || supply.look(POLL_MS), POLL_MS);
}

async function start() {
  if (matchMedia("(max-width: 720px)").matches) root.querySelector(".why").open = false;
  const first = stage.querySelector("[data-picture]");
  if (first && desk.shown) pictures.prepare(desk.shown).catch(() => {});
  const store = await openStore(here).catch(memoryStore);
  outbox = new Outbox({ store, post: (entry) => server.post(entry), tell: heard });
  supply = new Supply({ desk, server, outbox, local, heard: learned, ahead: boot.ahead, progress: boot.progress });
  listen();
  await seat.take();
}

start();
