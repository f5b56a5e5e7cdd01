// Imports whose sending was broken off: "Import 7 was not finished". The same files are recognised by their
// path, size and time, whether chosen again, dropped, or found by handles that the browser kept.

import { fromHandles, fromPicker, withoutJunk } from "./import-files.js";
import { without } from "./import-send.js";
import { forgetHandles, keptHandles, mayRead } from "./import-upload-memory.js";
import { inBytes } from "./import-upload-speed.js";
import { fill, gettext, ngettext } from "./words.js";

const ANSWER_MS = 300; // for other tabs to say that they are sending it

export class Unfinished {
  // box: the SendingBox that goes on. changed(): what the server runs has changed.
  constructor(form, box, { trouble, changed }) {
    Object.assign(this, { form, box, trouble, changed, imports: [] });
    this.holder = form.querySelector("[data-unfinished]");
  }

  // Ask the server what this person did not finish, and show it.
  async look() {
    const answer = await fetch(this.form.dataset.unfinishedAt, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const elsewhere = await this.#sentElsewhere();
    const { imports } = await answer.json();
    this.imports = imports.filter((imp) => imp.here + imp.under_way > 0 && !elsewhere.has(imp.seal));
    this.holder.replaceChildren(...(await Promise.all(this.imports.map((imp) => this.#section(imp)))));
    this.#nextThing();
  }

  // Whether these items belong to one of them; then they are being sent.
  async takes(items) {
    for (const imp of this.imports) {
      const here = await arrived(imp).catch(() => []); // without a network nothing is recognised
      if (!belongs(items, imp, here)) continue;
      this.#goOn(imp, items, here);
      return true;
    }
    return false;
  }

  #goOn(imp, items, here) {
    this.trouble("");
    this.imports = this.imports.filter((other) => other !== imp);
    this.holder.querySelector(`[data-unfinished-import="${imp.number}"]`)?.remove();
    this.#nextThing();
    return this.box.goOn(items, imp, here);
  }

  // One black button on the screen: going on comes before something new.
  #nextThing() {
    this.form.querySelector("[data-choose=files]").classList.toggle("primary", !this.imports.length);
  }

  #sentElsewhere() {
    const found = new Set();
    const { tabs } = this.box;
    if (!tabs) return found;
    const listen = ({ data }) => data.sends && found.add(data.sends);
    tabs.addEventListener("message", listen);
    tabs.postMessage({ asks: true });
    return new Promise((done) => {
      setTimeout(() => {
        tabs.removeEventListener("message", listen);
        done(found);
      }, ANSWER_MS);
    });
  }

  async #section(imp) {
    const section = this.form.querySelector("[data-unfinished-look]").content.firstElementChild.cloneNode(true);
    const part = (name) => section.querySelector(`[data-${name}]`);
    section.dataset.unfinishedImport = imp.number;
    part("title").id = `unfinished-${imp.number}`;
    section.setAttribute("aria-labelledby", part("title").id);
    part("title").textContent = fill(gettext("Import %(n)s was not finished"), { n: imp.number });
    part("words").textContent = hereInWords(imp);
    const handles = await keptHandles(imp.seal);
    part("go-on").hidden = !handles.length;
    part("go-on").addEventListener("click", () => this.#byHandles(imp, handles));
    for (const kind of ["files", "folder"]) {
      const picker = part(`pick-again-${kind}`);
      part(`again-${kind}`).addEventListener("click", () => picker.click());
      part(`again-${kind}`).classList.toggle("primary", kind === "files" && !handles.length);
      picker.addEventListener("change", () => {
        const items = withoutJunk(fromPicker(picker));
        picker.value = "";
        if (items.length) this.#chosen(imp, items).catch(() => this.trouble(gettext("No connection. Try again when it is back.")));
      });
    }
    part("seal").addEventListener("click", () => this.#end(imp, imp.seal, "leave"));
    part("discard").addEventListener("click", () => this.#end(imp, imp.cancel));
    return section;
  }

  async #byHandles(imp, handles) {
    try {
      if (!(await mayRead(handles))) return;
      await this.#chosen(imp, withoutJunk(await fromHandles(handles)));
    } catch {
      this.trouble(gettext("The files are no longer where they were. Choose the same files again."));
    }
  }

  async #chosen(imp, items) {
    if (this.box.sending) return this.trouble(gettext("Wait until these files are sent, then add more."));
    const here = await arrived(imp);
    if (belongs(items, imp, here)) return this.#goOn(imp, items, here);
    return this.trouble(fill(gettext("None of these files belongs to import %(n)s. Choose the same files again, or drop these as a new import."), { n: imp.number }));
  }

  async #end(imp, address, word = "") {
    const body = new FormData();
    if (word) body.set(word, "1");
    const token = this.form.elements.csrfmiddlewaretoken.value;
    await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" }, redirect: "manual" });
    await forgetHandles(imp.seal);
    await this.look();
    this.changed();
  }
}

async function arrived({ uploads }) {
  const answer = await fetch(uploads, { headers: { Accept: "application/jsonl" } });
  return lines(await answer.text());
}

export const lines = (text) => text.split("\n").filter(Boolean).map((line) => JSON.parse(line));

// One file that is here, whole or in part, is enough; before anything is, the same number of files and bytes.
export function belongs(items, imp, here) {
  const missing = without(items, here);
  if (missing.length < items.length || missing.some(({ address }) => address)) return true;
  const size = items.reduce((sum, { file }) => sum + file.size, 0);
  return !here.length && imp.files_in_all === items.length && imp.bytes_in_all === size;
}

export function hereInWords({ title, here, under_way: partly, received = 0, files_in_all: all }) {
  const count = all || here + partly;
  const told = { title, here: here.toLocaleString("en"), n: count.toLocaleString("en"), size: inBytes(received) };
  const words = [fill(ngettext("%(title)s: %(here)s of %(n)s file is here.", "%(title)s: %(here)s of %(n)s files are here.", count), told)];
  if (received) words.push(fill(gettext("Of the next one, %(size)s arrived."), told));
  words.push(gettext("Choose the same files again to go on where it stopped."));
  return words.join(" ");
}
