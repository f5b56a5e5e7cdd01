// What stands on the stage besides a picture: why there is none, and what to do.
import { count, waitingWords } from "./label-words.js";

// Replace what is on the stage; the two controls that lie over it stay.
export function putOn(stage, node, { zooms, back }) {
  const over = { zooms: stage.querySelector(".zooms"), back: stage.querySelector('[data-walk="back"]') };
  stage.replaceChildren(node, over.back, over.zooms);
  over.zooms.hidden = !zooms;
  over.back.hidden = !back;
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

export function missingWords() {
  const box = document.createElement("div");
  box.className = "empty";
  const words = document.createElement("p");
  words.textContent = "This picture did not arrive. It is tried again by itself; or skip it as broken.";
  box.append(words);
  return box;
}
