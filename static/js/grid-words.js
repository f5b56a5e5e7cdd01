// What the grid says in words.
import { count, percent } from "./label-words.js";
import { fill, gettext, ngettext } from "./words.js";

// Rounded down: a model is never sure beyond doubt.
export const surely = (p) => percent(Math.min(0.99, Math.floor(100 * p + 1e-9) / 100));

// alone: a page of a project of several labels, whose answer is this label and no other.
export function headingWords(label, alone) {
  return fill(alone ? gettext("Are these all %(label)s, and nothing else?") : gettext("Are these all %(label)s?"), { label });
}

export const sureWords = (least) => fill(gettext("model, %(percent)s and up"), { percent: surely(least) });

export const sheetWords = (label) => fill(gettext("Images the model calls %(label)s"), { label });

// What the black button does: {labels, others, out} are numbers of images.
export function commitWords({ labels, others, out }, label) {
  if (labels) return fill(ngettext("Label %(n)s as %(label)s", "Label %(n)s as %(label)s", labels), { n: count(labels), label });
  if (others) return fill(ngettext("Save %(n)s answer", "Save %(n)s answers", others), { n: count(others) });
  return out ? gettext("Send all back to the queue") : gettext("Next page");
}

// What else the page does, beside the button.
export function restWords({ out, others }) {
  const parts = [];
  if (out) parts.push(fill(ngettext("%(n)s taken out", "%(n)s taken out", out), { n: count(out) }));
  if (others) parts.push(fill(ngettext("%(n)s gets another label", "%(n)s get another label", others), { n: count(others) }));
  return parts.join(" · ");
}

export const undoWords = (n) => (n ? fill(ngettext("Undo %(n)s answer", "Undo all %(n)s", n), { n: count(n) }) : gettext("Undo"));

// One image for people who hear the page.
export function tileWords({ question, given, missing }, place, names) {
  const values = { n: count(place + 1), label: names.get(question.label), p: surely(question.confidence), given: names.get(given) };
  if (missing) return fill(gettext("Image %(n)s did not arrive"), values);
  if (given !== null) return fill(gettext("Image %(n)s, given %(given)s"), values);
  return fill(gettext("Image %(n)s, model says %(label)s, %(p)s"), values);
}

export const pageWords = (n, label) =>
  fill(ngettext("%(n)s image that the model calls %(label)s", "%(n)s images that the model calls %(label)s", n), { n: count(n), label });

// What became of a page that was sent; "" where there is nothing to tell.
export function savedWords({ saved, results }) {
  const lost = results.filter((each) => each.code === "claim_lost").length;
  const refused = results.filter((each) => each.status >= 400 && each.code !== "claim_lost");
  if (refused.length) {
    const words = ngettext("%(n)s image was not taken: %(why)s It is asked again.", "%(n)s images were not taken: %(why)s They are asked again.", refused.length);
    return fill(words, { n: count(refused.length), why: refused[0].detail });
  }
  if (!lost) return "";
  const words = ngettext("Somebody else answered %(n)s of these images first. %(saved)s saved.", "Somebody else answered %(n)s of these images first. %(saved)s saved.", lost);
  return fill(words, { n: count(lost), saved: count(saved) });
}

export function undoneWords({ undone, left }) {
  if (!left) return fill(ngettext("%(n)s answer taken back.", "%(n)s answers taken back.", undone), { n: count(undone) });
  return fill(gettext("%(n)s answers taken back; %(left)s had been changed since and stay."), { n: count(undone), left: count(left) });
}
