// Several forms of pictures on one page, each with its own ticks: how many, Shift for a range.
import { fill, gettext, ngettext } from "./words.js";

function tend(form) {
  const boxes = [...form.querySelectorAll('input[name="image"]')];
  const words = form.querySelector("[data-chosen-words]");
  let last = -1;

  function paint() {
    const n = boxes.filter((box) => box.checked).length;
    words.textContent = n ? fill(ngettext("%(n)s chosen", "%(n)s chosen", n), { n }) : gettext("Choose images first.");
    for (const button of form.querySelectorAll("[data-needs-choice]")) button.disabled = n === 0;
  }

  form.addEventListener("click", (event) => {
    const at = boxes.indexOf(event.target);
    if (at < 0) return;
    if (event.shiftKey && last >= 0) {
      for (const box of boxes.slice(Math.min(at, last), Math.max(at, last) + 1)) box.checked = event.target.checked;
    }
    last = at;
    paint();
  });
  paint();
}

for (const form of document.querySelectorAll("[data-choose-many]")) tend(form);
