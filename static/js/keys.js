// One listener for every key: it looks the key up in the page and clicks the element.
// `G` and then a letter goes to the page whose link carries that letter in data-go.

const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]";
const WAIT_MS = 1500;

function isForUs(root, event) {
  if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.target.closest?.(TYPING) || root.querySelector("dialog[open]")) return false;
  const off = root.documentElement?.dataset?.letterKeys === "off";
  return !(off && event.key.length === 1);
}

const upper = (key) => (key.length === 1 ? key.toUpperCase() : key);

const isEnabled = (element) => !element.disabled && !element.hidden && element.getAttribute("aria-disabled") !== "true";

export function elementForKey(root, event) {
  if (!isForUs(root, event)) return null;
  const key = upper(event.key);
  const named = [...root.querySelectorAll("[aria-keyshortcuts]")].filter((element) =>
    element.getAttribute("aria-keyshortcuts").split(" ").some((name) => upper(name) === key),
  );
  return named.find(isEnabled) ?? null;
}

// The link to follow when `event` comes after G, or null.
export function linkForKey(root, event) {
  if (!isForUs(root, event)) return null;
  const links = [...root.querySelectorAll("[data-go]")];
  return links.find((link) => link.dataset.go === upper(event.key)) ?? null;
}

// A label may have the key of a tool: the label keeps it, and the tool stands there without.
export function giveWay(root) {
  const answers = [...root.querySelectorAll("[data-answer][aria-keyshortcuts], [data-undo][aria-keyshortcuts]")];
  const taken = new Set(answers.flatMap((answer) => answer.getAttribute("aria-keyshortcuts").split(" ")).filter(isLetter).map(upper));
  for (const tool of root.querySelectorAll("[aria-keyshortcuts]")) {
    if (!answers.includes(tool)) dropKeys(tool, (key) => taken.has(upper(key)));
  }
}

// With keys of one sign turned off, nothing says that it has one.
export function dropLetters(root) {
  for (const element of root.querySelectorAll("[aria-keyshortcuts]")) dropKeys(element, isLetter);
  for (const link of root.querySelectorAll("[data-go]")) delete link.dataset.go;
}

function dropKeys(element, unwanted) {
  const keys = element.getAttribute("aria-keyshortcuts").split(" ");
  const kept = keys.filter((key) => !unwanted(key));
  if (kept.length === keys.length) return;
  if (kept.length) element.setAttribute("aria-keyshortcuts", kept.join(" "));
  else element.removeAttribute("aria-keyshortcuts");
  for (const hint of element.querySelectorAll("kbd")) if (unwanted(hint.textContent.trim())) hint.hidden = true;
}

const ARROWS = "←→↑↓↵";
const isLetter = (key) => [...key].length === 1 && !ARROWS.includes(key);

export function listen(root = document) {
  if (root.documentElement?.dataset?.letterKeys === "off") dropLetters(root);
  let goesUntil = 0;
  root.addEventListener("keydown", (event) => {
    const going = Date.now() < goesUntil;
    if (event.key !== "Shift") goesUntil = 0;
    const element = (going && linkForKey(root, event)) || elementForKey(root, event);
    if (!element && upper(event.key) === "G" && isForUs(root, event)) goesUntil = Date.now() + WAIT_MS;
    // Enter and Space on a focused control already press it.
    if (!element || (event.key === "Enter" && event.target.closest("a, button, summary"))) return;
    event.preventDefault();
    element.click();
  });
}
