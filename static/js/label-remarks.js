// Comments on the image on the stage, in a drawer, and the instructions, in a sheet.
// A comment is kept on this device until the server has it; what is half written stays per image.
import { offerNames } from "./mention.js";
import { RemarkBox } from "./remark-box.js";
import { gettext, ngettext, fill } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);

function line(comment) {
  const item = document.createElement("li");
  const by = document.createElement("p");
  by.className = "by";
  const who = document.createElement("b");
  who.textContent = comment.user;
  const at = document.createElement("time");
  at.dateTime = comment.created_at;
  at.textContent = new Date(comment.created_at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  by.append(who, at);
  const text = document.createElement("p");
  text.className = "text";
  text.textContent = comment.text;
  item.append(by, text);
  if (comment.waiting) by.append(tag(gettext("kept on this device"), "warn"));
  else if (comment.resolved_at) by.append(tag(gettext("resolved"), "good"));
  item.classList.toggle("resolved", Boolean(comment.resolved_at));
  return item;
}

function tag(words, tone) {
  const made = document.createElement("span");
  made.className = `tag ${tone}`;
  made.textContent = words;
  return made;
}

// While the dialog is open nobody looks at the image: the desk is told for how long.
function timeApart(root, dialog) {
  let opened = 0;
  new MutationObserver(() => {
    if (dialog.open) opened = performance.now();
    else if (opened) root.dispatchEvent(new CustomEvent("desk:paused", { detail: performance.now() - opened }));
  }).observe(dialog, { attributeFilter: ["open"] });
}

// A key that a label of the project has taken is the label's.
function yieldKey(button) {
  const key = button.getAttribute("aria-keyshortcuts");
  const others = [...document.querySelectorAll("[aria-keyshortcuts]")].filter((each) => each !== button);
  if (!others.some((each) => each.getAttribute("aria-keyshortcuts").toUpperCase().split(" ").includes(key))) return;
  button.removeAttribute("aria-keyshortcuts");
  $("kbd", button).hidden = true;
}

function remarks(root, place, server) {
  const dialog = $("#remarks");
  const form = $("[data-remark-form]", dialog);
  const field = $("[data-mention]", form);
  const drafts = new Map();
  let question = null; // what is on the stage
  let about = null; // what the open drawer is about
  let people = [];

  const say = (words, tone = "") => {
    const state = $("[data-remark-state]", dialog);
    state.hidden = !words;
    state.textContent = words;
    state.className = `state ${tone}`;
  };
  const box = new RemarkBox({
    key: `labeler-remark:${place.dataset.user}:${place.dataset.project}:`,
    post: async (remark) => {
      const send = () =>
        fetch(place.dataset.send, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-CSRFToken": server.csrf },
          body: JSON.stringify({ uuid: remark.uuid, image: remark.image, text: remark.text }),
          redirect: "error",
        });
      let reply = await send();
      if (reply.status === 403 && (await server.poll())) reply = await send();
      return { status: reply.status, body: await reply.json().catch(() => null) };
    },
    tell: heard,
  });

  function heard(news, remark, body) {
    if (!dialog.open || remark.image !== about?.image) return;
    if (news === "kept") say(gettext("No connection. Your comment is kept on this device and sent by itself."), "warn");
    if (news === "sign-in") say(gettext("You are signed out. Your comment is kept on this device; sign in in another tab."), "warn");
    if (news === "sent") say(gettext("Sent."), "good");
    if (news === "refused") {
      say(body?.detail ?? gettext("The server does not take this comment."), "bad");
      field.value ||= remark.text;
      drafts.set(remark.image, field.value);
    }
    if (news !== "kept" && news !== "sign-in") load();
    else paint([]);
  }

  function paint(comments, hidden = 0) {
    const waiting = box.waiting().filter((remark) => remark.image === about.image);
    const kept = waiting.map((remark) => ({ user: gettext("you"), created_at: remark.created, text: remark.text, waiting: true }));
    $("[data-remark-list]", dialog).replaceChildren(...[...comments, ...kept].map(line));
    const note = $("[data-remark-note]", dialog);
    const words = ngettext("%(n)s comment by others. You see it once you have answered, so that your answer is your own.", "%(n)s comments by others. You see them once you have answered, so that your answer is your own.", hidden);
    note.textContent = hidden ? fill(words, { n: hidden }) : comments.length || kept.length ? "" : gettext("No comments on this image yet.");
  }

  async function load() {
    const { image } = about;
    try {
      const reply = await fetch(place.dataset.read.replace("/0/", `/${image}/`), { headers: { Accept: "application/json" }, redirect: "error" });
      const told = await reply.json();
      people = told.people;
      if (document.activeElement === field) lookAgain();
      if (about?.image === image) paint(told.comments, told.hidden);
    } catch {
      if (about?.image === image) paint([]);
    }
  }

  function open() {
    if (!question) return;
    about = question;
    $("[data-remark-of]", dialog).textContent = about.name;
    field.value = drafts.get(about.image) ?? "";
    say("");
    paint([]);
    dialog.showModal();
    field.focus();
    load();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    const remark = { image: about.image, name: about.name, text: field.value };
    field.value = "";
    drafts.delete(about.image);
    say("");
    await box.add(remark);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  field.addEventListener("input", () => drafts.set(about.image, field.value));
  // The event comes a moment later: by then the drawer may be open again.
  dialog.addEventListener("close", () => {
    if (!dialog.open) about = null;
  });
  const lookAgain = offerNames(field, () => people);
  root.addEventListener("desk:painted", (event) => {
    question = event.detail;
  });
  const button = $("[data-remark]", place);
  button.addEventListener("click", open);
  yieldKey(button);
  box.start();
}

function instructions(place, server) {
  const link = $("[data-told]", place);
  const sheet = $("#told");
  if (!link) return;
  yieldKey(link);
  let unseen = place.dataset.unseen;

  async function open() {
    const reply = await fetch(`${place.dataset.instructions}?part=1`, { redirect: "error" });
    if (!reply.ok) throw new Error(reply.status);
    $("[data-told-body]", sheet).innerHTML = await reply.text(); // our own page's part, escaped there
    sheet.showModal();
  }
  link.addEventListener("click", (event) => {
    event.preventDefault();
    open().catch(() => location.assign(place.dataset.instructions));
  });
  sheet.addEventListener("close", () => {
    if (!unseen) return;
    unseen = "";
    $(".dot", link)?.remove();
    fetch(place.dataset.seen, { method: "POST", headers: { "X-CSRFToken": server.csrf }, keepalive: true }).catch(() => {});
  });
  if (unseen === "new") open().catch(() => {});
}

// `root` is the desk; the handle's server knows the token, and asks for a new one after a sign-in.
export function attach(root, { server }) {
  const place = $("[data-remarks]", root);
  if (!place) return;
  for (const dialog of [$("#remarks"), $("#told")]) timeApart(root, dialog);
  remarks(root, place, server);
  instructions(place, server);
}
