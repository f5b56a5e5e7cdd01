// The list of clusters: arrows walk from one to the next. Enter opens it, being a link.
const links = () => [...document.querySelectorAll("a.cluster")];

export function nextPlace(key, at, length) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
  if (!step || !length) return null;
  return at < 0 ? 0 : Math.min(length - 1, Math.max(0, at + step));
}

globalThis.document?.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, summary")) return;
  const all = links();
  const place = nextPlace(event.key, all.indexOf(document.activeElement), all.length);
  if (place === null) return;
  event.preventDefault();
  all[place].focus();
});
