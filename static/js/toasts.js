// At most one short message at the bottom left. It goes after six seconds, but not while it is
// read (pointer over it) or used (focus in it).

const SHOWN_MS = 6000;
const place = () => document.querySelector(".toasts");
let timer = 0;

function goAwayLater() {
  clearTimeout(timer);
  timer = setTimeout(() => place()?.replaceChildren(), SHOWN_MS);
}

// Show `words`; with `action` {words, press}, also a button such as Undo.
export function toast(words, action) {
  const box = document.createElement("div");
  box.className = "toast";
  const text = document.createElement("span");
  text.textContent = words;
  box.append(text);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.words;
    button.addEventListener("click", () => {
      place()?.replaceChildren();
      action.press();
    });
    box.append(button);
  }
  place()?.replaceChildren(box);
  goAwayLater();
}

export function tendToasts() {
  const corner = place();
  if (!corner) return;
  for (const event of ["mouseenter", "focusin"]) corner.addEventListener(event, () => clearTimeout(timer));
  for (const event of ["mouseleave", "focusout"]) corner.addEventListener(event, goAwayLater);
  if (corner.childElementCount) goAwayLater();
}
