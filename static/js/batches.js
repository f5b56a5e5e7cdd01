// Batch prediction: files that are dropped are chosen; the page says how many, and that it sends.
import { fill } from "./words.js";

const form = document.getElementById("judge");
const files = document.getElementById("batch-files");

if (form) {
  const drop = form.querySelector("[data-drop]");
  const words = form.querySelector("[data-chosen]");

  const show = () => {
    const [first, ...more] = files.files;
    if (first) words.textContent = more.length ? fill(words.dataset.many, { n: files.files.length }) : first.name;
    if (first) form.querySelector("[data-send]").focus();
  };
  files.addEventListener("change", show);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      files.files = event.dataTransfer.files;
      show();
    });
  }
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value === "files") event.submitter.textContent = form.dataset.sending;
  });
}
