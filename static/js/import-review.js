// Imports that wait for a word: their forms come by themselves, and long lists of names are searched and sorted.

import { fits, order, wanted } from "./import-names.js";
import { fill, gettext } from "./words.js";

const reviews = document.getElementById("reviews");

// Forms that are up to date stay as they are: somebody may be filling them in.
async function follow(runs) {
  const waiting = wanted(runs.dataset.waiting ?? "");
  for (const shown of reviews.querySelectorAll("[data-review]")) {
    if (waiting.get(shown.dataset.review) === shown.dataset.look) waiting.delete(shown.dataset.review);
    else shown.remove();
  }
  for (const number of waiting.keys()) await bring(number);
}

async function bring(number) {
  const answer = await fetch(reviews.dataset.address.replace("/0/", `/${number}/`), { headers: { "HX-Request": "true" } });
  if (answer.status !== 200) return;
  const holder = document.createElement("div");
  holder.innerHTML = await answer.text();
  const section = holder.querySelector("[data-review]");
  if (!section) return;
  reviews.append(section);
  tend(section);
  if (!document.activeElement?.closest("input, select, textarea, dialog")) section.querySelector("h2").focus();
}

function tend(section) {
  const part = section.querySelector("[data-names]");
  const find = part?.querySelector("[data-find]");
  if (!find) return;
  const list = part.querySelector(".names");
  const names = [...list.children].map((row) => ({ row, name: row.dataset.name, rows: Number(row.dataset.rows) }));
  find.addEventListener("input", () => {
    for (const { row, name } of names) row.hidden = !fits(name, find.value);
    const shown = names.filter(({ row }) => !row.hidden).length;
    part.querySelector("[data-found-names]").textContent = find.value ? fill(gettext("%(n)s of %(all)s"), { n: shown, all: names.length }) : "";
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it searches as one types; it does not import
  });
  part.querySelector("[data-sort]").addEventListener("change", (event) => {
    list.append(...order(names, event.target.value).map(({ row }) => row));
  });
}

for (const section of reviews.querySelectorAll("[data-review]")) tend(section);
document.addEventListener("htmx:afterSettle", () => {
  const runs = document.getElementById("runs");
  if (runs) follow(runs);
});
// While somebody reads what cancelling means, the part keeps still.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "runs" && event.target.querySelector("details[open]")) event.preventDefault();
});
