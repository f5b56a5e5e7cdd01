// The threshold of one label, or of all: slider, figures, both curves, a wished precision, saving.
import * as draw from "./review-dial.js";
import * as numbers from "./review-numbers.js";
import { toast } from "./toasts.js";
import { fill, gettext } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const NEAR = 0.005;

export class Dial {
  // `changed` is called when the threshold moved; the page then paints everything.
  constructor(page, data, labels, { token, answers, changed }) {
    Object.assign(this, { page, data, token, answers, changed });
    this.threshold = data.threshold;
    this.all = false; // one threshold for all labels
    this.name = labels.get(data.label).name;
    this.slider = $("#thr");
    if (this.slider) this.#listen();
  }

  #listen() {
    this.slider.addEventListener("input", () => this.move(Number(this.slider.value) / 100));
    // Arrow keys on the slider move the slider, not the chosen picture.
    this.slider.addEventListener("keydown", (event) => {
      if (event.key.startsWith("Arrow")) event.stopPropagation();
    });
    $("[data-wish]").addEventListener("input", () => this.paint());
    this.page.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button && !button.disabled) this.#press(button);
    });
  }

  #press(button) {
    const { dataset } = button;
    if ("save" in dataset) this.#save(this.threshold);
    else if ("standard" in dataset) this.#save(null);
    else if ("best" in dataset) this.move(this.best.t);
    else if ("move" in dataset) this.move(this.threshold + Number(dataset.move));
    else if ("scope" in dataset) this.#look(dataset.scope === "all");
    else if ("takeWish" in dataset && this.wished?.surely) this.move(this.wished.surely.t);
  }

  #look(all) {
    this.all = all;
    this.data.everywhere = all ? this.threshold : undefined;
    this.measure();
    this.changed();
  }

  move(to) {
    this.threshold = Math.round(Math.min(1, Math.max(0, to)) * 100) / 100;
    if (this.all) this.data.everywhere = this.threshold;
    this.changed();
  }

  // Count anew along the whole curve: labels have changed, or what the figures are about.
  measure() {
    if (!this.slider) return;
    const changed = this.answers.changed;
    this.counts = this.all
      ? (t) => numbers.countsOfAll(this.data, t, changed)
      : (t) => numbers.counts(this.data, t);
    this.points = numbers.curve(this.data, 3, this.counts);
    this.best = numbers.bestF1(this.data, this.counts);
  }

  paint() {
    if (!this.slider) return;
    const { data, threshold: t } = this;
    const counted = this.counts(t);
    this.slider.value = Math.round(t * 100);
    draw.drawHistogram($("[data-hist]"), data, t, this.name);
    draw.drawCurve($("[data-pr]"), $("[data-pr-band]"), this.points);
    draw.drawNow($("[data-pr-now]"), counted);
    draw.drawAgainstThreshold({ precision: $("[data-tc-p]"), recall: $("[data-tc-r]"), f1: $("[data-tc-f]") }, this.points);
    draw.drawCut($("[data-tc-now]"), t);
    this.#paintMarkers();
    draw.tellNumbers(
      { precision: $("[data-prec]"), recall: $("[data-rec]"), f1: $("[data-f1]"), precisionInterval: $("[data-prec-iv]"), recallInterval: $("[data-rec-iv]"), bestF1: $("[data-f1-best]") },
      counted,
      this.best,
    );
    draw.fillTable($("[data-curve-table]"), this.points);
    this.#paintWords();
  }

  #paintMarkers() {
    const best = this.points.find((point) => Math.abs(point.t - this.best.t) < NEAR) ?? null;
    draw.place($("[data-pr-best]"), best, (p) => p.recall, (p) => p.precision);
    draw.place($("[data-tc-best]"), best, (p) => p.t, (p) => p.f1);
    const wish = Number($("[data-wish]").value) / 100;
    this.wished = wish > 0 && wish <= 1 ? numbers.wished(this.points, wish) : null;
    const surely = this.wished?.surely ?? null;
    draw.place($("[data-pr-wish]"), surely, (p) => p.recall, (p) => p.precision);
    draw.place($("[data-tc-wish]"), surely, (p) => p.t, (p) => p.precision);
    $("[data-wish-words]").textContent = this.wished ? draw.wishWords(this.wished, wish) : gettext("Type a precision from 1 to 100.");
    $("[data-take-wish]").disabled = !surely;
  }

  #paintWords() {
    const { data, threshold: t, all } = this;
    const name = all ? gettext("every label") : this.name;
    const told = draw.thresholdWords(data, t, name, all);
    $("[data-thr]").textContent = told;
    this.slider.setAttribute("aria-valuetext", fill(gettext("%(threshold)s: precision %(precision)s, recall %(recall)s"), { threshold: told, precision: $("[data-prec]").textContent, recall: $("[data-rec]").textContent }));
    const save = $("[data-save]");
    const inUse = all ? Object.values(data.thresholds).every((each) => Math.abs(each - t) < NEAR) : Math.abs(t - data.threshold) < NEAR;
    save.textContent = draw.saveWords(data, t, name, inUse);
    save.setAttribute("aria-disabled", String(inUse));
    $("[data-of-what]").textContent = all ? gettext("All labels together, each answer counted once") : "";
    for (const button of $$("[data-scope]")) button.setAttribute("aria-pressed", String((button.dataset.scope === "all") === all));
  }

  async #save(threshold) {
    const button = $(threshold === null ? "[data-standard]" : "[data-save]");
    if (button.getAttribute("aria-disabled") === "true") return;
    const { data, page, all } = this;
    const body = new URLSearchParams({ version: page.dataset.version, on: page.dataset.source });
    if (all) body.set("all", "1");
    else body.set("label", data.label);
    if (threshold === null) body.set("standard", "1");
    else body.set("threshold", threshold.toFixed(2));
    const reply = await fetch(page.dataset.threshold, { method: "POST", body, headers: { "X-CSRFToken": this.token } }).catch(() => null);
    if (!reply?.ok) {
      const told = await reply?.json().catch(() => null);
      toast(told?.detail ?? gettext("No connection. Nothing was changed; try again."));
      return;
    }
    this.#saved(threshold ?? (data.multi ? 0.5 : 0), threshold !== null);
  }

  #saved(threshold, picked) {
    const { data, page, all } = this;
    for (const id of all ? Object.keys(data.thresholds) : [data.label]) data.thresholds[id] = threshold;
    data.threshold = this.threshold = threshold;
    data.savedForAll ||= all;
    if (data.everywhere !== undefined) data.everywhere = threshold;
    $("[data-picked]").hidden = !picked;
    $("[data-picked-words]").textContent = picked ? fill(gettext("picked with version %(version)s"), { version: page.dataset.version }) : "";
    $("[data-standard]").hidden = !picked;
    const words = draw.thresholdWords(data, threshold, this.name, all);
    toast(fill(gettext("Saved with version %(version)s: %(threshold)s."), { version: page.dataset.version, threshold: words }));
    this.changed();
  }
}
