// The pictures of the review page: one tile per image, painted anew where its state changed.
import * as numbers from "./review-numbers.js";
import { fill, gettext } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const MORE = 120;

// What each gallery says when it is empty.
const NONE = {
  fp: gettext("No false positives at this threshold."),
  fn: gettext("No false negatives at this threshold."),
  tp: gettext("No true positives at this threshold."),
  cell: gettext("No image is left here."),
  pool: gettext("The model calls no unlabeled image so."),
};

export class Tiles {
  #made = new Map();
  #shown = { fp: 14, fn: 21, tp: 9, cell: 42, pool: 100_000 };

  // `state` tells the page's {threshold, chosen, picked, looked, sent}; `address`: (i, size) → URL.
  constructor(data, labels, address, state) {
    Object.assign(this, { data, labels, address, state });
  }

  said(ids) {
    if (ids.length) return ids.map((id) => this.labels.get(id)?.name ?? gettext("another label")).join(", ");
    return this.data.multi ? gettext("none of them") : gettext("unknown");
  }

  // What people and the model say of image i.
  words(i) {
    const { data } = this;
    const top = this.scores(i);
    if (data.pool && !data.truth[i].length) return fill(gettext("nobody has said, model says %(model)s"), { model: top });
    return fill(gettext("people say %(people)s, model says %(model)s"), { people: this.said(data.truth[i]), model: top });
  }

  // "rust 0.81, mildew 0.12, healthy 0.07"
  scores(i) {
    return this.data.top[i].map(([id, p]) => `${this.said([id])} ${p.toFixed(2)}`).join(", ");
  }

  of(i) {
    return this.#made.get(i);
  }

  tile(i) {
    const { data, labels } = this;
    const { threshold, chosen, picked, looked, sent } = this.state();
    let made = this.#made.get(i);
    if (!made) {
      made = $("#tile").content.firstElementChild.cloneNode(true);
      made.dataset.at = i;
      $("img", made).src = this.address(i, "thumb");
      this.#made.set(i, made);
    }
    // Where everybody says the same label, what the model says instead is the news.
    const missed = !data.cell && numbers.has(data, i) && !numbers.called(data, i, threshold);
    const unsaid = data.pool && !looked.has(data.images[i]);
    const instead = unsaid || (missed && !data.multi);
    const ids = instead ? numbers.given(data, i, threshold) : data.truth[i];
    const label = labels.get(ids.includes(data.label) ? data.label : ids[0]);
    const mark = $(".mk", made);
    mark.setAttribute("class", label ? `mk c${label.mark} l${label.id}` : "mk");
    $("use", mark).setAttribute("href", label ? `#m${label.mark}` : "");
    $("b", made).textContent = this.said(ids);
    $("b", made).classList.toggle("model", instead);
    $(".push", made).textContent = ((data.cell && data.best_scores) || data.scores)[i].toFixed(2);
    $(".tops", made).textContent = this.others(i);
    $(".tick", made).hidden = !looked.has(data.images[i]);
    $(".away", made).hidden = !sent.has(data.images[i]);
    const words = `${data.names[i]}: ${this.words(i)}`;
    $(".sr", made).textContent = `${words}. `;
    made.title = words;
    made.setAttribute("aria-pressed", String(picked.has(i)));
    if (i === chosen) made.setAttribute("aria-current", "true");
    else made.removeAttribute("aria-current");
    return made;
  }

  // The other likely labels, under the score of the page's label.
  others(i) {
    const rest = this.data.top[i].filter(([id, p]) => id !== this.data.label && p >= 0.01).slice(0, 2);
    return rest.map(([id, p]) => `${this.said([id])} ${p.toFixed(2)}`).join(" · ");
  }

  // Paint what is shown of a gallery; `found` are its images in order.
  paint(kind, found) {
    const box = $(`[data-gallery="${kind}"]`);
    if (!box) return;
    const part = found.slice(0, this.#shown[kind]);
    const count = $(`[data-count="${kind}"]`);
    if (count) count.textContent = found.length.toLocaleString("en-US");
    box.classList.toggle("gallery", part.length > 0);
    box.replaceChildren(...(part.length ? part.map((i) => this.tile(i)) : [this.#none(kind)]));
    const more = $(`[data-more="${kind}"]`);
    if (!more) return;
    more.hidden = found.length <= part.length;
    const left = Math.min(found.length - part.length, MORE);
    more.textContent = fill(gettext("Show %(n)s more"), { n: left });
  }

  #none(kind) {
    const none = document.createElement("p");
    none.className = "quiet small";
    none.textContent = NONE[kind];
    return none;
  }

  visible(kind, found) {
    return found.slice(0, this.#shown[kind]);
  }

  showMore(kind) {
    this.#shown[kind] += MORE;
  }
}
