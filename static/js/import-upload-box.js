// The box that shows what is being sent: how much, how fast, what it waits for; pause, go on, cancel.

import { Refused, Sending } from "./import-send.js";
import { keepHandles, forgetHandles } from "./import-upload-memory.js";
import { progressInWords } from "./import-upload-speed.js";
import { fill, gettext } from "./words.js";

const FEW = 8; // so many files have a line each
const SHOWN_EVERY_MS = 200;

export class SendingBox {
  // form: the import form. ended(words): sending is over, with what went wrong or "".
  constructor(form, ended) {
    Object.assign(this, { form, ended, sending: null, shownAt: 0 });
    this.part("pause").addEventListener("click", () => this.#turn());
    this.part("stop").addEventListener("click", () => this.sending?.stop());
    addEventListener("offline", () => this.sending?.lostNetwork());
    addEventListener("online", () => this.sending?.hasNetwork());
    addEventListener("beforeunload", (event) => {
      if (this.sending) event.preventDefault();
    });
    this.tabs = globalThis.BroadcastChannel ? new BroadcastChannel("labeler-imports") : null;
    this.tabs?.addEventListener("message", ({ data }) => {
      if (data.asks && this.place) this.tabs.postMessage({ sends: this.place });
    });
  }

  part(name) {
    return this.form.querySelector(`[data-${name}]`);
  }

  send(items, { title, folders }) {
    return this.#show(items, title, (sending) => sending.send(items, { title, folders }));
  }

  goOn(items, imp, here) {
    return this.#show(items, imp.title, (sending) => sending.goOn(imp, items, here));
  }

  async #show(items, title, start) {
    const token = this.form.elements.csrfmiddlewaretoken.value;
    const sending = new Sending({ begin: this.form.dataset.begin, token, report: (now) => this.#report(now) });
    sending.begun = (places) => {
      this.place = places.seal;
      keepHandles(places.seal, items);
    };
    this.sending = sending;
    this.#open(items, title);
    let words = "";
    try {
      await start(sending);
    } catch (error) {
      if (!sending.stopped) words = error instanceof Refused ? error.message : gettext("Sending stopped. What had arrived is kept; choose the same files again to go on.");
    }
    await sending.cancelled;
    if (!words && this.place) forgetHandles(this.place);
    this.sending = this.place = null;
    this.part("sending").hidden = true;
    this.ended(words);
  }

  #open(items, title) {
    this.part("sending").hidden = false;
    this.part("sending-title").textContent = fill(gettext("Sending %(what)s"), { what: title });
    this.part("sending-state").textContent = "";
    this.part("sending-files").replaceChildren(...(items.length > 1 && items.length <= FEW ? items.map(line) : []));
    this.#label(false);
    this.items = items;
    this.shownAt = 0;
  }

  #report(now) {
    const moment = performance.now();
    const settled = now.paused || now.words || now.sent >= now.total;
    if (!settled && moment - this.shownAt < SHOWN_EVERY_MS) return;
    this.shownAt = moment;
    const share = now.total ? now.sent / now.total : 1;
    this.part("sent").setAttribute("width", `${(100 * share).toFixed(1)}%`);
    this.part("sending-numbers").textContent = progressInWords(now);
    const words = now.words || (now.paused ? gettext("Paused. What has arrived is kept for a day.") : gettext("Keep this page open until all files are sent."));
    this.#say("sending-words", words);
    this.part("sending-words").classList.toggle("quiet", !now.words);
    this.#say("sending-state", now.paused ? gettext("paused") : now.words ? gettext("waiting") : `${Math.floor(100 * share)}\u00a0%`);
    for (const [n, row] of [...this.part("sending-files").children].entries()) {
      const item = this.items[n];
      const size = item.file.size;
      const part = size ? now.shares.get(item) / size : Number(share === 1);
      row.lastElementChild.textContent = part >= 1 ? gettext("sent") : part > 0 ? `${Math.floor(100 * part)}\u00a0%` : gettext("waits");
    }
  }

  // Only what changed is written: screen readers say each change.
  #say(name, words) {
    const shown = this.part(name);
    if (shown.textContent !== words) shown.textContent = words;
  }

  #turn() {
    if (!this.sending) return;
    if (this.sending.paused) this.sending.resume();
    else this.sending.pause();
    this.#label(this.sending.paused);
  }

  #label(paused) {
    this.part("pause").textContent = paused ? gettext("Go on") : gettext("Pause");
  }
}

function line({ path }) {
  const row = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = path;
  row.append(name, document.createElement("span"));
  return row;
}
