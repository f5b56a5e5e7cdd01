// The rail beside the picture: beliefs and the suggestion on the answers, why, the outbox.
// Nothing here changes place or height from one image to the next.
import { askedBy, count, outboxWords, percent, roundWords, since } from "./label-words.js";
import { fill, gettext } from "./words.js";

const BEST = 5;
const MANY = 20;
const FLASH_MS = 120;
const QUIET_MS = 500;

// The ids of the labels the model believes in most, best first.
export function bestOf(beliefs, most = BEST) {
  const sorted = Object.entries(beliefs).sort(([, a], [, b]) => b - a);
  return sorted.slice(0, most).map(([pk]) => pk);
}

function setText(root, selector, words) {
  const element = root.querySelector(selector);
  if (element && element.textContent !== words) element.textContent = words;
}

function icon(name, spin = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", spin ? "i spin" : "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function element(tag, className, words = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words;
  return made;
}

// The keys of an answer: its own, and Enter when the model suggests it.
export function keysFor(ownKey, suggested) {
  return [ownKey, suggested ? "Enter" : ""].filter(Boolean).join(" ");
}

function paintAnswer(answer, suggestion, { multi, place }) {
  const p = suggestion?.beliefs[answer.dataset.label];
  const suggested = !multi && Boolean(suggestion) && !suggestion.unknown && String(suggestion.label_id) === answer.dataset.label;
  answer.classList.toggle("suggested", suggested);
  answer.style.order = place < 0 ? "" : String(place - BEST); // among many labels the best stand first
  answer.querySelector(".belief rect").setAttribute("width", p === undefined ? "0" : `${100 * p}%`);
  answer.querySelector(".belief").toggleAttribute("hidden", p === undefined);
  const words = answer.querySelector(".p");
  words.replaceChildren(...(p === undefined ? [] : [element("span", "sr", gettext("model says ")), percent(p)]));
  if (multi) return;
  answer.querySelector(".take").replaceChildren(...(suggested ? [element("kbd", "", "↵")] : []));
  const keys = keysFor(answer.dataset.ownKey, suggested);
  if (keys) answer.setAttribute("aria-keyshortcuts", keys);
  else answer.removeAttribute("aria-keyshortcuts");
}

// Beliefs, suggestion and, where an old answer is looked at again, what was answered.
export function paintAnswers(desk, question, changing, { multi }) {
  const suggestion = question?.suggestion ?? null;
  const all = [...desk.querySelectorAll(".answer")];
  const best = all.length > MANY && suggestion ? bestOf(suggestion.beliefs) : [];
  const given = new Set((changing?.label_ids ?? []).map(String));
  for (const answer of all) {
    paintAnswer(answer, suggestion, { multi, place: best.indexOf(answer.dataset.label) });
    answer.classList.toggle("given", given.has(answer.dataset.label));
    const box = answer.querySelector("input");
    if (box) box.checked = given.has(answer.dataset.label);
  }
  for (const button of desk.querySelectorAll('[name="skip"]')) button.classList.toggle("given", changing?.skip === button.value);
  desk.classList.toggle("blind", Boolean(question?.why.audit));
}

export function paintWhy(desk, question, progress) {
  if (!question) return;
  const { why } = question;
  const none = !why.model_version && !why.audit && !progress.model_version && progress.round_at ? " " + fill(gettext("No model yet. The first comes after %(n)s labels."), { n: count(progress.round_at) }) : "";
  setText(desk, "[data-why]", why.words + none);
  setText(desk, "[data-by]", askedBy(why));
  setText(desk, "[data-rank]", why.rank === null ? gettext("none") : count(why.rank + 1));
  setText(desk, "[data-audit]", why.audit ? gettext("yes") : gettext("no"));
  const age = why.model_version === progress.model_version && progress.model_since ? `, ${since(progress.model_since)}` : "";
  const version = why.model_version ?? null;
  setText(desk, "[data-model]", version === null ? gettext("none yet") : fill(gettext("version %(n)s"), { n: version }) + age);
  if (why.audit && progress.model_version) setText(desk, "[data-model]", fill(gettext("version %(n)s, not asked"), { n: progress.model_version }));
}

export function paintProgress(desk, progress, today) {
  const words = roundWords(progress);
  desk.querySelector("[data-round]").toggleAttribute("hidden", !words);
  if (words) {
    desk.querySelector("[data-round-bar]").setAttribute("width", `${100 * words.share}%`);
    const more = words.more ? [element("span", "not-phone", words.more)] : [];
    desk.querySelector("[data-round-words]").replaceChildren(element("b", "strong", words.strong), words.rest, ...more);
  }
  setText(desk, "[data-labeled]", fill(gettext("%(n)s of %(all)s labeled"), { n: count(progress.labeled), all: count(progress.images) }));
  const version = desk.querySelector("[data-version]");
  version.toggleAttribute("hidden", !progress.model_version);
  setText(desk, "[data-version]", fill(gettext("model version %(n)s"), { n: progress.model_version }));
  setText(desk, "[data-today]", fill(gettext("%(n)s by you today"), { n: count(today) }));
}

// `act` has signIn (an address) and look(): show what is kept on this device.
export function paintOutbox(box, state, act) {
  const words = outboxWords(state);
  const line = element("span", `state ${words.tone}`);
  line.append(icon(words.icon, words.icon === "work"), element("span", "", words.text));
  const parts = [line];
  if (words.hint) parts.push(element("span", "small", words.hint));
  if (state.trouble === "sign-in") {
    const link = element("a", "btn", gettext("Sign in again"));
    link.href = act.signIn;
    link.target = "_blank";
    parts.push(link);
  }
  if (state.refused || (state.trouble && state.unsent)) {
    const button = element("button", "btn plain", gettext("See what is kept here"));
    button.type = "button";
    button.addEventListener("click", act.look);
    parts.push(button);
  }
  const shown = parts.map((part) => part.outerHTML).join("");
  if (box.dataset.shown === shown) return; // announce changes of state, not every save
  box.dataset.shown = shown;
  box.replaceChildren(...parts);
}

// The pressed control lights up, at key down, for a moment.
export function flash(button) {
  const shown = button.closest(".answer") ?? button;
  shown.classList.add("flash");
  setTimeout(() => shown.classList.remove("flash"), FLASH_MS);
}

// Told to who cannot see it, after half a second of quiet: fast work stays silent.
export function announce(desk, { name, suggestion }, { multi }) {
  clearTimeout(announce.timer);
  const words = gettext("%(name)s. The model suggests %(label)s");
  announce.timer = setTimeout(() => {
    const told = suggestion && !suggestion.unknown && !multi ? fill(words, { name, label: suggestion.label }) : name;
    desk.querySelector("[data-announce]").textContent = told;
  }, QUIET_MS);
}
