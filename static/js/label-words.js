// What the label page says in words: how far the round is, what the outbox holds, why an image.

const NBSP = "\u00a0";

export const count = (number) => number.toLocaleString("en-US");
export const percent = (share) => `${Math.round(100 * share)}${NBSP}%`;
const answers = (n) => `${count(n)} answer${n === 1 ? "" : "s"}`;

// {icon, tone, text, hint} for the outbox. `ready`: images fetched ahead.
export function outboxWords({ unsent, refused, trouble, ready, forgetful = false }) {
  if (refused) {
    const text = refused === 1 ? "One answer was not taken" : `${answers(refused)} were not taken`;
    return { icon: "alert", tone: "warn", text, hint: "" };
  }
  if (trouble === "sign-in") {
    const hint = "Sign in again, then they are sent by themselves.";
    return { icon: "alert", tone: "warn", text: `You are signed out. ${answers(unsent)} kept on this device`, hint };
  }
  if (trouble) {
    const more = ready ? `Go on labeling: ${count(ready)} more image${ready === 1 ? " is" : "s are"} ready here. ` : "";
    const hint = `${more}They are sent by themselves when the connection is back.`;
    const where = forgetful ? "in this tab: leave it open" : "on this device";
    return { icon: "cloud-off", tone: "warn", text: `No connection. ${answers(unsent)} kept ${where}`, hint };
  }
  if (unsent) return { icon: "work", tone: "", text: `Saving ${answers(unsent)}`, hint: "You can go on." };
  const hint = ready ? `Next ${ready === 1 ? "image is" : `${ready} images are`} ready on this device.` : "";
  return { icon: "check", tone: "good", text: "All answers saved", hint };
}

// The share of the bar and the words beside it; null while nobody knows when the next round is.
export function roundWords({ since_round: since, round_at: at, round }) {
  if (round) return { share: 1, strong: `Round ${count(round)}`, rest: " is learning from your answers" };
  if (at === null || at === undefined) return null;
  if (since >= at) return { share: 1, strong: count(since), rest: " answers: the next round starts" };
  return { share: since / at, strong: count(since), rest: ` of ${count(at)}`, more: " to the next round" };
}

export function waitingWords({ round, round_seconds: seconds }) {
  if (!round) return "The last images are in other people's hands. What comes back appears here by itself.";
  const time = seconds ? `; that takes about ${Math.max(1, Math.round(seconds))} seconds` : "";
  return `Round ${count(round)} is choosing the next images${time} and they appear here by themselves.`.replace(
    /(images) and/,
    "$1, and",
  );
}

export function askedBy(why) {
  if (why.audit) return "audit draw, at random";
  return why.score === null ? why.strategy : `${why.strategy}, score ${why.score.toFixed(2)}`;
}

const SKIPS = { unsure: "unsure", not_applicable: "not of this kind", broken: "broken" };

export function answerWords({ labels, skip }) {
  return skip ? SKIPS[skip] : labels.join(", ") || "none of these";
}

export function since(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  for (const [size, unit] of [[86_400, "day"], [3_600, "h"], [60, "min"]]) {
    if (seconds >= size) {
      const n = Math.floor(seconds / size);
      return `${n}${NBSP}${unit}${unit === "day" && n > 1 ? "s" : ""} ago`;
    }
  }
  return `${Math.floor(seconds)}${NBSP}s ago`;
}
