// One listener for every key: it looks the key up in the page and clicks the element.

const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]";

export function elementForKey(root, event) {
  if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.target.closest?.(TYPING) || root.querySelector("dialog[open]")) return null;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const named = [...root.querySelectorAll("[aria-keyshortcuts]")].filter((element) =>
    element.getAttribute("aria-keyshortcuts").split(" ").some((name) => (name.length === 1 ? name.toUpperCase() : name) === key),
  );
  return named.find((element) => !element.disabled && element.getAttribute("aria-disabled") !== "true") ?? null;
}

export function listen(root = document) {
  root.addEventListener("keydown", (event) => {
    const element = elementForKey(root, event);
    // Enter and Space on a focused control already press it.
    if (!element || (event.key === "Enter" && event.target.closest("a, button, summary"))) return;
    event.preventDefault();
    element.click();
  });
}
