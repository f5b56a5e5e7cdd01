// Pictures chosen by ticks: how many, Shift for a range, all of the page at once.
import { fill, gettext, ngettext } from "./words.js";

const form = document.querySelector("[data-choosing]");
const boxes = form ? [...form.querySelectorAll('input[name="image"]')] : [];
let last = -1;

function paint() {
  const n = boxes.filter((box) => box.checked).length;
  const words = ngettext("%(n)s chosen", "%(n)s chosen", n);
  form.querySelector("[data-chosen-words]").textContent = n ? fill(words, { n }) : gettext("Choose images first.");
  for (const button of form.querySelectorAll("[data-needs-choice]")) button.disabled = n === 0;
}

form?.addEventListener("click", (event) => {
  const at = boxes.indexOf(event.target);
  if (at >= 0) {
    if (event.shiftKey && last >= 0) {
      for (const box of boxes.slice(Math.min(at, last), Math.max(at, last) + 1)) box.checked = event.target.checked;
    }
    last = at;
  }
  if (event.target.closest("[data-choose]")) {
    const all = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = all;
  }
  paint();
});

if (form) paint();
