// What every page does: keys, the key sheet, the theme switch, menus, toasts.
import { listen } from "./keys.js";
import { openSheet } from "./key-sheet.js";
import { watchPictures } from "./tiny-pictures.js";
import { tendToasts, toast } from "./toasts.js";

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

// A part that could not be fetched says so once; the page itself stays as it is.
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt.id !== "status") toast("No connection. Nothing was changed; try again.");
});

// Copy what stands in the field that the button names.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard?.writeText(field.value);
  toast("Copied.");
});
