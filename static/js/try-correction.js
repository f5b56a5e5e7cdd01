// Try it: a picture that the model got wrong goes into the pool with its right label.
import { fill, gettext } from "./words.js";

const PAUSE = 1000, LONGEST = 120; // ms between two looks at the import; how many

// The form sends the picture that `picture` gives; `say` tells what came of it.
export function correct(form, token, picture, say) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      say(await sent(form, token, picture()));
      form.hidden = true;
    } catch (error) {
      say(error instanceof TypeError ? gettext("No connection. Try again.") : error.message);
    }
    button.disabled = false;
  });
}

async function sent(form, token, file) {
  const body = new FormData();
  body.append("file", file, file.name || "picture");
  for (const option of form.elements.label.selectedOptions) body.append("label", option.value);
  body.append("uuid", crypto.randomUUID());
  const told = await asked(form.dataset.send, { method: "POST", body, headers: { "X-CSRFToken": token } });
  if (told.image) return gettext("The pool had this picture; it has its label now.");
  return imported(`${form.dataset.imports}/${told.import_number}`);
}

async function imported(address) {
  for (let look = 0; look < LONGEST; look++) {
    const told = await asked(address);
    if (told.state === "done" && told.added) return gettext("It is in the pool, with its label. The next round learns from it.");
    if (["done", "failed", "cancelled", "waiting"].includes(told.state)) throw new Error(fill(gettext("Import %(n)s did not take it; its report says why."), { n: told.id }));
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return gettext("The import takes long. It goes on by itself.");
}

async function asked(address, options) {
  const answer = await fetch(address, options);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told;
}
