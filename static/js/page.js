// What every page does: keys, the key sheet, the theme switch, menus, toasts.
import { listen } from "./keys.js";
import { openSheet } from "./key-sheet.js";
import { watchPictures } from "./tiny-pictures.js";
import { tendToasts, toast } from "./toasts.js";
import { gettext } from "./words.js";

listen();
watchPictures();
tendToasts();

document.querySelector("[data-key-sheet]")?.addEventListener("click", () => {
  openSheet(document.getElementById("key-sheet"));
});

document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

// On a narrow screen the tabs scroll; the current one is in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" });

// A menu closes by Escape and by a press anywhere else.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// An error is a page of its own; a part that looks after itself keeps what it shows.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.isError && detail.requestConfig.verb === "get") detail.shouldSwap = false;
});

// A part that could not be fetched says so once; the page itself stays as it is.
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.id !== "status") toast(gettext("No connection. Nothing was changed; try again."));
});

// Copy what stands in the field that the button names.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  // Browsers have no clipboard on plain http, as in an office's own network: the old way works there.
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else document.execCommand("copy");
  toast(gettext("Copied."));
});
