// An element with data-poll="2000" gets the event "poll" every 2000 ms while the page is looked at.
// A hidden tab asks nothing; it asks once as soon as it is seen again.

function ask(element) {
  if (document.hidden || !element.isConnected || element.classList.contains("htmx-request")) return;
  element.dispatchEvent(new CustomEvent("poll"));
}

const asking = () => [...document.querySelectorAll("[data-poll]")];

for (const element of asking()) setInterval(() => ask(element), Number(element.dataset.poll));

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) asking().forEach(ask);
});
