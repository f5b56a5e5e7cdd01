// The sheet that `?` opens: every key the page answers to, read from the page itself.
import { gettext } from "./words.js";

const SHOWN = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", " ": "Space" };

// What pressing the element does, in its own words, without the key hints inside it.
export function wordsOf(element) {
  const told = element.dataset.keyWords || element.getAttribute("aria-label");
  if (told) return told.trim();
  const copy = element.cloneNode(true);
  for (const hint of copy.querySelectorAll("kbd, svg, .sr-hint")) hint.remove();
  return copy.textContent.replace(/\s+/g, " ").trim() || element.title;
}

// [[keys], words] for every element of `root` that can be pressed by a key.
export function keysOf(root) {
  const direct = [...root.querySelectorAll("[aria-keyshortcuts], [data-keys]")].map((element) => [
    (element.dataset.keys ?? element.getAttribute("aria-keyshortcuts")).split(" ").map((key) => SHOWN[key] ?? key),
    wordsOf(element),
  ]);
  const pages = [...root.querySelectorAll("[data-go]")].map((link) => [["G", link.dataset.go], wordsOf(link)]);
  return [...direct, ...pages].filter(([, words]) => words);
}

function lineOf([keys, words]) {
  const term = document.createElement("dt");
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap, " ");
  }
  const what = document.createElement("dd");
  what.textContent = words;
  return [term, what];
}

// The keys that work now: none of one sign where they are turned off.
function working(keys, root) {
  const off = root.documentElement?.dataset?.letterKeys === "off";
  return keys.filter(([caps]) => !off || caps.some((cap) => cap.length > 1 || Object.values(SHOWN).includes(cap)));
}

export function openSheet(sheet, root = document) {
  const found = working(keysOf(root), root);
  const lines = found.length ? found.flatMap(lineOf) : [[[], gettext("Keys of one letter, digit or sign are turned off in your personal settings.")]].flatMap(lineOf);
  sheet.querySelector("[data-keys-here]").replaceChildren(...lines);
  sheet.showModal();
}
