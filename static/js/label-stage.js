// What stands on the stage besides a picture: why there is none, and what to do.
import { count, waitingWords } from "./label-words.js";
import { gettext } from "./words.js";

// Replace what is on the stage; what lies over it (data-over) stays. Controls of the picture are
// hidden where there is none, the way back where nobody walks the strip.
export function putOn(stage, node, { picture, back }) {
  const over = [...stage.querySelectorAll(":scope > [data-over]")];
  stage.replaceChildren(node, ...over);
  for (const each of over) each.hidden = !(each.dataset.over === "walk" ? back : picture);
}

// The words for an empty stage, from the page's templates.
export function emptyWords(kind, progress, takeOver) {
  const copy = document.querySelector(`template[data-empty="${kind}"]`).content.cloneNode(true);
  const waiting = copy.querySelector("[data-waiting]");
  if (waiting) waiting.textContent = waitingWords(progress);
  for (const all of copy.querySelectorAll("[data-all]")) all.textContent = count(progress.images);
  copy.querySelector("[data-take-over]")?.addEventListener("click", takeOver);
  return copy;
}

// `offline`: there is no connection, and this picture was not fetched before it went.
export function missingWords(offline) {
  const box = document.createElement("div");
  box.className = "empty";
  const words = document.createElement("p");
  words.textContent = offline
    ? gettext("The pictures on this device are used up. Labeling goes on by itself when the connection is back.")
    : gettext("This picture did not arrive. It is tried again by itself; or skip it as broken.");
  box.append(words);
  return box;
}
