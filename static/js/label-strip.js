// The strip of last answers, newest first; each opens its image again.
import { answerWords } from "./label-words.js";

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

function tileOf(desk, template, answer, chosen) {
  const item = template.content.firstElementChild.cloneNode(true);
  const tile = item.querySelector(".tile");
  const words = answerWords(answer);
  tile.dataset.uuid = answer.uuid;
  tile.href = `?change=${answer.uuid}`;
  tile.setAttribute("aria-label", `Change answer: ${words}, ${answer.question.name}`);
  tile.title = words;
  if (chosen) tile.setAttribute("aria-current", "true");
  const picture = tile.querySelector("img");
  picture.src = answer.question.urls.thumb;
  if (answer.question.width < 64 && answer.question.height < 64) picture.classList.add("tiny-picture");
  tile.querySelector("b").textContent = words;
  const marks = answer.label_ids.length ? markOf(desk, answer.label_ids[0]) : [];
  tile.querySelector(".cap").prepend(...marks);
  if (PENDING[answer.state]) tile.querySelector(".thumb").append(pending(answer.state));
  return item;
}

const keyOf = (answer, chosen) => [answer.uuid, answer.state, chosen].join(" ");

// Rebuild only the tiles that changed, so that pictures do not flicker.
export function paintStrip(desk, strip, walk) {
  const list = desk.querySelector("[data-strip]");
  const template = document.querySelector("template[data-tile]");
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = strip.map((answer, place) => {
    const key = keyOf(answer, place === walk);
    const item = old.get(key) ?? tileOf(desk, template, answer, place === walk);
    item.dataset.key = key;
    return item;
  });
  list.replaceChildren(...items);
  if (walk !== null) items[walk]?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
