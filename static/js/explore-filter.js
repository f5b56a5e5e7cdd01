// The filter form and its query string: a field that lets everything through is left out.

// The end of a slider that filters nothing.
const passes = (field) => field.type === "range" && field.value === field.dataset.passes;

export function filterQuery(form) {
  const given = new URLSearchParams();
  for (const field of form.elements) {
    if (!field.name || field.disabled || passes(field)) continue;
    if (field.type === "checkbox" && !field.checked) continue;
    const value = field.type === "range" ? String(Number(field.value) / 100) : field.value.trim();
    if (value && !(field.name === "order" && value === "row")) given.append(field.name, value);
  }
  showRanges(form);
  return given.toString();
}

// Set the fields as the query string says.
export function fillForm(form, search) {
  const given = new URLSearchParams(search);
  for (const field of form.elements) {
    if (!field.name || !given.has(field.name)) continue;
    if (field.type === "checkbox") field.checked = given.getAll(field.name).includes(field.value);
    else if (field.type === "range") field.value = Math.round(100 * Number(given.get(field.name)));
    else field.value = given.get(field.name);
  }
  showRanges(form);
}

function showRanges(form) {
  for (const output of form.querySelectorAll("output[for]")) {
    output.textContent = (Number(form.querySelector(`#${output.htmlFor}`).value) / 100).toFixed(2);
  }
}
