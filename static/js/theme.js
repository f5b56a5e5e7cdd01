// Runs before paint: the theme the person chose, else the system's.
(() => {
  document.documentElement.dataset.js = "on";
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
