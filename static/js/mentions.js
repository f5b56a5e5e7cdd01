// What stands on this page is read: say so once somebody looks at it.

const form = document.querySelector("[data-see]");

async function see() {
  if (document.hidden || !form || form.dataset.done) return;
  form.dataset.done = "1";
  const told = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { Accept: "application/json" },
  }).catch(() => null);
  if (!told?.ok) return delete form.dataset.done;
  const { unread } = await told.json();
  for (const badge of document.querySelectorAll("[data-unread]")) {
    badge.textContent = unread > 99 ? "99+" : unread;
    badge.closest("[data-unread-link]").hidden = unread === 0;
  }
}

see();
document.addEventListener("visibilitychange", see);
