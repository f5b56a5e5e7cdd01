// What the label page says in words: how far the round is, what the outbox holds, why an image.
import { fill, gettext, ngettext } from "./words.js";

const NBSP = "\u00a0";

const language = () => globalThis.document?.documentElement?.lang || "en";

export const count = (number) => number.toLocaleString(language());
export const percent = (share) => fill(gettext("%(n)s\u00a0%"), { n: Math.round(100 * share) });

// "1 answer", "12 answers": what a sentence of the outbox is about.
const answers = (n) => fill(ngettext("%(n)s answer", "%(n)s answers", n), { n: count(n) });

// {icon, tone, text, hint} for the outbox. `ready`: images fetched ahead.
export function outboxWords({ unsent, refused, trouble, ready, forgetful = false }) {
  if (refused) {
    const words = ngettext("One answer was not taken", "%(n)s answers were not taken", refused);
    return { icon: "alert", tone: "warn", text: fill(words, { n: count(refused) }), hint: "" };
  }
  if (trouble === "sign-in") return signedOut(unsent);
  if (trouble) return offline(unsent, ready, forgetful);
  if (unsent) {
    const text = fill(gettext("Saving %(answers)s"), { answers: answers(unsent) });
    return { icon: "work", tone: "", text, hint: gettext("You can go on.") };
  }
  const next = ngettext("Next image is ready on this device.", "Next %(n)s images are ready on this device.", ready);
  return { icon: "check", tone: "good", text: gettext("All answers saved"), hint: ready ? fill(next, { n: count(ready) }) : "" };
}

function signedOut(unsent) {
  const words = gettext("You are signed out. %(answers)s kept on this device");
  const text = unsent ? fill(words, { answers: answers(unsent) }) : gettext("You are signed out.");
  return { icon: "alert", tone: "warn", text, hint: gettext("Sign in again, then they are sent by themselves.") };
}

function offline(unsent, ready, forgetful) {
  const more = ngettext(
    "Go on labeling: %(n)s more image is ready here.",
    "Go on labeling: %(n)s more images are ready here.",
    ready,
  );
  const back = unsent ? gettext("They are sent by themselves when the connection is back.") : "";
  const hint = [ready ? fill(more, { n: count(ready) }) : "", back].filter(Boolean).join(" ");
  return { icon: "cloud-off", tone: "warn", text: offlineText(unsent, forgetful), hint };
}

function offlineText(unsent, forgetful) {
  if (!unsent) return gettext("No connection. All answers so far are saved");
  const words = forgetful
    ? gettext("No connection. %(answers)s kept in this tab: leave it open")
    : gettext("No connection. %(answers)s kept on this device");
  return fill(words, { answers: answers(unsent) });
}

// The share of the bar and the words beside it; null while nobody knows when the next round is.
export function roundWords({ since_round: since, round_at: at, round }) {
  if (round) return { share: 1, strong: fill(gettext("Round %(n)s"), { n: count(round) }), rest: gettext(" is learning from your answers") };
  if (at === null || at === undefined) return null;
  if (since >= at) return { share: 1, strong: count(since), rest: gettext(" answers: the next round starts") };
  return { share: since / at, strong: count(since), rest: fill(gettext(" of %(all)s"), { all: count(at) }), more: gettext(" to the next round") };
}

export function waitingWords({ round, round_seconds: seconds }) {
  if (!round) return gettext("The last images are in other people's hands. What comes back appears here by itself.");
  if (!seconds) {
    return fill(gettext("Round %(round)s is choosing the next images, and they appear here by themselves."), { round: count(round) });
  }
  const n = Math.max(1, Math.round(seconds));
  const words = ngettext(
    "Round %(round)s is choosing the next images; that takes about %(n)s second and they appear here by themselves.",
    "Round %(round)s is choosing the next images; that takes about %(n)s seconds and they appear here by themselves.",
    n,
  );
  return fill(words, { round: count(round), n: count(n) });
}

export function askedBy(why) {
  if (why.audit) return gettext("a draw, at random");
  if (why.score === null) return why.strategy;
  return fill(gettext("%(strategy)s, score %(score)s"), { strategy: why.strategy, score: why.score.toFixed(2) });
}

const SKIPS = {
  unsure: () => gettext("unsure"),
  not_applicable: () => gettext("not of this kind"),
  broken: () => gettext("broken"),
};

export function answerWords({ labels, skip }) {
  return skip ? SKIPS[skip]() : labels.join(", ") || gettext("none of these");
}

const AGES = [
  [86_400, (n) => ngettext("%(n)s day ago", "%(n)s days ago", n)],
  [3_600, () => gettext("%(n)s h ago")],
  [60, () => gettext("%(n)s min ago")],
  [0, () => gettext("%(n)s s ago")],
];

export function since(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  const [size, words] = AGES.find(([least]) => seconds >= least);
  const n = Math.floor(seconds / (size || 1));
  return fill(words(n).replace(" ", NBSP), { n });
}
