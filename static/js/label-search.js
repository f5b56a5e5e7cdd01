// Find a label by typing part of its name: `/` opens the field, Enter takes the first that fits.

// Show only the labels whose name holds the words typed; true when there are any.
export function findLabels(desk, typed) {
  const wanted = typed.trim().toLocaleLowerCase();
  let found = 0;
  for (const answer of desk.querySelectorAll(".answer")) {
    const hit = answer.querySelector(".label-name").textContent.toLocaleLowerCase().includes(wanted);
    answer.hidden = !hit;
    found += hit ? 1 : 0;
  }
  desk.querySelector("[data-none-found]").hidden = found > 0;
  return found > 0;
}

export function listenToSearch(desk) {
  const field = desk.querySelector("[data-find]");
  if (!field) return;
  field.addEventListener("click", () => field.focus());
  field.addEventListener("input", () => findLabels(desk, field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Enter" && field.value.trim()) desk.querySelector(".answer:not([hidden])")?.click();
    field.value = "";
    findLabels(desk, "");
    field.blur();
  });
}
