// The words of the page in the person's language. The catalog is a script of its own (`jsi18n`)
// that defines `django`; without it, as in tests, the English words are used as they are.

const django = () => globalThis.django ?? {};

export function gettext(words) {
  return django().gettext?.(words) ?? words;
}

export function ngettext(one, many, count) {
  return django().ngettext?.(one, many, count) ?? (count === 1 ? one : many);
}

// fill("%(n)s of %(all)s", { n: 1, all: 2 }) → "1 of 2"
export function fill(words, values) {
  return words.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}
