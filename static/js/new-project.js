// On the page of a new project: what is said about the labels fits the kind that is chosen.

export function fitToKind(form) {
  const kind = form.elements.kind.value;
  for (const hint of form.querySelectorAll("[data-hint-for]")) hint.hidden = !hint.dataset.hintFor.split(" ").includes(kind);
  form.elements.labels.rows = kind === "yesno" ? 3 : 7;
}

for (const form of globalThis.document?.querySelectorAll("[data-new-project]") ?? []) {
  fitToKind(form);
  form.addEventListener("change", () => fitToKind(form));
}
