// Fields that hold one key: the key that is pressed in them is what stands in them.
import { fill, gettext } from "./words.js";

// What a key press makes of the field: the key, "" to empty it, or null to leave it alone.
export function keyFrom(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (event.key === "Backspace" || event.key === "Delete") return "";
  if ([...event.key].length !== 1 || event.key === " ") return null;
  const upper = event.key.toUpperCase();
  return upper.length === 1 ? upper : event.key;
}

// Say beside each field which other one has its key.
export function markDoubles(fields, wordsOf) {
  const first = new Map();
  for (const field of fields) {
    const other = field.value && first.get(field.value);
    const words = other ? fill(gettext("The key %(key)s is that of “%(other)s” already."), { key: field.value, other: wordsOf(other) }) : "";
    field.setCustomValidity(words);
    field.toggleAttribute("aria-invalid", Boolean(other));
    if (field.value && !other) first.set(field.value, field);
  }
}

function listen(form) {
  const fields = [...form.querySelectorAll("[data-key-field]")];
  const wordsOf = (field) => field.labels[0].textContent.trim();
  form.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-key-field]");
    const key = field && keyFrom(event);
    if (key === null || key === undefined) return;
    event.preventDefault();
    field.value = key;
    markDoubles(fields, wordsOf);
    if (field.validationMessage) field.reportValidity();
  });
  form.addEventListener("focusin", (event) => event.target.matches("[data-key-field]") && event.target.select());
}

for (const form of globalThis.document?.querySelectorAll(".keys-form") ?? []) listen(form);
