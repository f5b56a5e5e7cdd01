// The log is asked for again and again. What somebody reads or points at is left alone meanwhile.

const busy = (log) => log.querySelector("details[open], :focus");

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.hasAttribute("data-log") && busy(event.detail.target)) event.detail.shouldSwap = false;
});
