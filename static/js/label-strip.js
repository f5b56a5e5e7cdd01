// The strip of last answers, newest first; each opens its image again.
import { answerWords } from "./label-words.js";
import { isTiny } from "./tiny-pictures.js";
import { fill, gettext } from "./words.js";

const PENDING = { saving: "work", kept: "cloud-off" };

function markOf(desk, label) {
  const mark = desk.querySelector(`.answer[data-label="${label}"] .mk`);
  return mark ? [mark.cloneNode(true)] : [];
}

function pending(state) {
  const badge = document.createElement("span");
  badge.className = "pending";
  badge.innerHTML = `<svg class="i" aria-hidden="true"><use href="#i-${PENDING[state]}"/></svg>`;
  return badge;
}

function tileOf(desk, template, answer) {
  const item = template.content.firstElementChild.cloneNode(true);
  const tile = item.querySelector(".tile");
  const words = answerWords(answer);
  tile.dataset.uuid = answer.uuid;
  tile.href = `?change=${answer.uuid}`;
  tile.setAttribute("aria-label", fill(gettext("Change answer: %(words)s, %(name)s"), { words, name: answer.question.name }));
  tile.title = words;
  const picture = tile.querySelector("img");
  picture.decoding = "async"; // a small picture never holds up the large one
  picture.src = answer.question.urls.thumb;
  if (isTiny(answer.question)) picture.classList.add("tiny-picture");
  tile.querySelector("b").textContent = words;
  const marks = answer.label_ids.length ? markOf(desk, answer.label_ids[0]) : [];
  tile.querySelector(".cap").prepend(...marks);
  return item;
}

// What changes about a tile that stays: whether its answer is saved, and whether it is looked at.
function touch(item, state, chosen) {
  const tile = item.querySelector(".tile");
  if (chosen) tile.setAttribute("aria-current", "true");
  else tile.removeAttribute("aria-current");
  if (item.dataset.state === state) return;
  item.dataset.state = state;
  item.querySelector(".pending")?.remove();
  if (PENDING[state]) item.querySelector(".thumb").append(pending(state));
}

// Only what changed is touched, so that pictures do not flicker and a frame is not spent on it.
export function paintStrip(desk, strip, walk) {
  const list = desk.querySelector("[data-strip]");
  const template = document.querySelector("template[data-tile]");
  const old = new Map([...list.children].map((item) => [item.dataset.of, item]));
  let next = list.firstElementChild;
  for (const [place, answer] of strip.entries()) {
    const item = old.get(answer.uuid) ?? tileOf(desk, template, answer);
    item.dataset.of = answer.uuid;
    old.delete(answer.uuid);
    if (item === next) next = next.nextElementSibling;
    else list.insertBefore(item, next);
    touch(item, answer.state, place === walk);
  }
  for (const item of old.values()) item.remove();
  if (walk !== null) list.children[walk]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  else if (list.scrollLeft) list.scrollLeft = 0;
}
