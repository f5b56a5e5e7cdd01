// The page of suspects: a gallery, the one that is looked at large, one key for each decision.
import { Suspects } from "./suspects-list.js";
import { toast } from "./toasts.js";
import { uuid4 } from "./uuid.js";
import { fill, gettext, ngettext } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

for (const select of $$("[data-submits]")) select.addEventListener("change", () => select.form.requestSubmit());
const desk = $("[data-suspects]");
if (desk) begin();

function begin() {
  const data = JSON.parse($("#suspects-data").textContent);
  const token = $("input[name=csrfmiddlewaretoken]", desk).value;
  const labels = new Map(data.labels.map((label) => [label.id, label]));
  const marks = new Set(); // multi-label: what is toggled for the image shown
  const hidden = data.left - data.suspects.length; // left, but not on this page
  const WHY = {
    label: gettext("The model is sure of something else."),
    outlier: gettext("It is unlike the other images with its label."),
    alone: gettext("It is unlike all other labeled images."),
    disputed: gettext("People disagree."),
  };

  async function send(kind, fields) {
    const body = new URLSearchParams(fields);
    const reply = await fetch(desk.dataset[kind], { method: "POST", body, headers: { "X-CSRFToken": token } }).catch(() => null);
    if (!reply) throw new Error(gettext("No connection. Nothing was changed; try again."));
    if (reply.ok) return reply.json();
    const told = await reply.json().catch(() => ({}));
    throw new Error(told.detail || gettext("The answer was not stored. Reload the page and try again."));
  }

  const list = new Suspects(data.suspects, send, (words) => {
    toast(words);
    paint();
  });

  // ---- painting ----

  function nameOf(id) {
    const made = $("#name").content.firstElementChild.cloneNode(true);
    const label = labels.get(id) ?? { name: "?", mark: 1 };
    $(".mk", made).setAttribute("class", `mk c${label.mark} l${id}`);
    $("use", made).setAttribute("href", `#m${label.mark}`);
    $("b", made).textContent = label.name;
    return made;
  }

  const namesOf = (ids) => (ids.length ? ids.map(nameOf) : [gettext("none of them")]);
  const words = (ids) => (ids.length ? ids.map((id) => labels.get(id)?.name ?? "?").join(", ") : gettext("none of them"));
  const two = (p) => p.toFixed(2);
  const sureOf = (one, id) => one.proba.find(([label]) => label === id)?.[1];

  function tile(one) {
    const made = $("#tile").content.firstElementChild.cloneNode(true);
    made.dataset.image = one.image;
    const [picture, said, model] = [$("img", made), ...$$(".names", made)];
    picture.src = one.urls.thumb;
    said.append(...namesOf(one.said));
    if (one.rather) model.append("→ ", words(one.rather));
    else model.append(one.why.includes("disputed") ? gettext("people disagree") : gettext("unlike others"));
    const p = one.rather?.length === 1 ? sureOf(one, one.rather[0]) : undefined;
    $(".push", made).textContent = p === undefined ? "" : two(p);
    $(".tile", made).setAttribute("aria-label", fill(gettext("%(file)s: people say %(said)s"), { file: one.name, said: words(one.said) }));
    $(".choose-box .sr", made).textContent = fill(gettext("Choose %(file)s"), { file: one.name });
    return made;
  }

  const tiles = new Map(data.suspects.map((one) => [one.image, tile(one)]));

  function paintGallery() {
    const gallery = $("[data-gallery]");
    const wanted = list.each.map((one) => tiles.get(one.image));
    if (gallery.childElementCount !== wanted.length || wanted.some((each, at) => gallery.children[at] !== each)) gallery.replaceChildren(...wanted);
    for (const one of list.each) {
      const box = tiles.get(one.image);
      const isNow = one === list.now;
      $(".tile", box).setAttribute("aria-current", String(isNow));
      $("input", box).checked = list.chosen.has(one.image);
    }
    $("[data-left]").textContent = (list.each.length + hidden).toLocaleString(document.documentElement.lang || "en");
    const n = list.chosen.size;
    $("[data-picked-words]").textContent = n ? fill(ngettext("%(n)s chosen: a key acts on it", "%(n)s chosen: a key acts on all of them", n), { n }) : "";
  }

  function paintBench(one) {
    const picture = $("[data-picture]");
    if (picture.dataset.image !== String(one.image)) {
      picture.dataset.image = one.image;
      picture.src = one.urls.screen;
      picture.alt = one.name;
      marks.clear();
      for (const id of one.said) marks.add(id);
    }
    $("[data-file]").textContent = one.name;
    $("[data-page]").href = one.page;
    $("[data-said]").replaceChildren(...(one.sides.length ? sides(one) : namesOf(one.said)));
    $("[data-rather-row]").hidden = !one.rather;
    if (one.rather) $("[data-rather]").replaceChildren(...namesOf(one.rather));
    $("[data-why]").textContent = one.why.map((why) => WHY[why]).join(" ");
    paintScores(one);
    paintNear(one);
    paintActions(one);
    prefetch(list.each[list.at + 1]);
  }

  function sides(one) {
    return one.sides.map(({ labels: ids, people }) => {
      const line = document.createElement("span");
      line.className = "side-line";
      line.append(...namesOf(ids), ` ${fill(ngettext("%(n)s person", "%(n)s people", people), { n: people })}`);
      return line;
    });
  }

  function paintScores(one) {
    $("[data-scores-part]").hidden = !one.proba.length;
    $("[data-scores]").replaceChildren(
      ...one.proba.map(([id, p]) => {
        const line = $("#score").content.firstElementChild.cloneNode(true);
        $(".name", line).replaceWith(nameOf(id));
        $("rect", line).setAttribute("width", `${100 * p}%`);
        $(".num", line).textContent = two(p);
        if (one.said.includes(id)) line.classList.add("given");
        return line;
      }),
    );
  }

  function paintNear(one) {
    $("[data-near-part]").hidden = !one.near.length;
    $("[data-near]").replaceChildren(
      ...one.near.map((near) => {
        const made = $("#near").content.firstElementChild.cloneNode(true);
        $("img", made).src = near.thumb;
        $("img", made).alt = near.name;
        $("figcaption", made).append(...namesOf(near.said));
        return made;
      }),
    );
  }

  function paintActions(one) {
    const several = list.chosen.size > 0;
    const model = $('[data-do="model"]');
    model.disabled = several ? !list.meant.some((each) => each.rather) : !one.rather;
    $("[data-model-words]").textContent =
      !several && one.rather ? fill(gettext("It is %(labels)s"), { labels: words(one.rather) }) : gettext("As the model says");
    $('[data-do="right"]').disabled = list.meant.every((each) => each.sides.length);
    $("[data-pick]").setAttribute("aria-pressed", String(list.chosen.has(one.image)));
    if (data.multi) for (const button of $$("[data-label]", desk)) button.setAttribute("aria-pressed", String(marks.has(Number(button.dataset.label))));
  }

  let ready = null; // the picture that follows is fetched and decoded ahead
  function prefetch(next) {
    if (!next) return;
    ready = new Image();
    ready.src = next.urls.screen;
    ready.decode().catch(() => {});
  }

  function paint() {
    const { now } = list;
    desk.hidden = !now;
    $("[data-none]").hidden = Boolean(now);
    $("[data-next]").hidden = hidden <= 0;
    if (hidden > 0) $("[data-none-words]").textContent = fill(ngettext("%(n)s more is left.", "%(n)s more are left.", hidden), { n: hidden });
    paintGallery();
    if (now) paintBench(now);
  }

  function reveal() {
    tiles.get(list.now?.image)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // ---- what a reviewer does ----

  function told(images, what) {
    if (!images.length) return;
    const n = images.length;
    const said = n === 1 ? fill(gettext("%(file)s: %(answer)s"), { file: images[0].name, answer: what }) : fill(ngettext("%(n)s image: %(answer)s", "%(n)s images: %(answer)s", n), { n, answer: what });
    $("[data-told]").textContent = said;
    toast(said, { words: gettext("Undo"), press: undo });
    paint();
    reveal();
  }

  function relabel(labelsOf, what) {
    told(list.relabel(labelsOf, uuid4), what);
  }

  function undo() {
    if (list.undo().length) {
      paint();
      reveal();
    }
  }

  const actions = {
    model() {
      const [one] = list.meant;
      const several = list.meant.length > 1;
      relabel((each) => each.rather, several || !one?.rather ? gettext("as the model says") : words(one.rather));
    },
    right: () => told(list.settle("confirm"), gettext("label is right")),
    send: () => told(list.settle("send"), gettext("somebody else is asked")),
    save: () => relabel(() => [...marks], words([...marks])),
    undo,
  };

  function give(id) {
    if (!data.multi) return relabel(() => [id], words([id]));
    if (!marks.delete(id)) marks.add(id);
    paintActions(list.now);
  }

  const other = $("[data-other]");
  other.hidden = other.options.length < 2;
  other.addEventListener("change", () => {
    const id = Number(other.value);
    other.value = "";
    if (id) give(id);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.disabled || !desk.contains(button)) return;
    const { dataset } = button;
    if ("do" in dataset) return actions[dataset.do]();
    if ("label" in dataset) return give(Number(dataset.label));
    if ("step" in dataset) list.step(Number(dataset.step));
    else if ("pick" in dataset) list.toggle(list.now.image);
    else if ("pickAll" in dataset) list.chooseAll();
    else if (button.classList.contains("tile")) list.show(Number(button.parentElement.dataset.image));
    paint();
    reveal();
  });
  desk.addEventListener("change", (event) => {
    const box = event.target.closest(".suspect-tile");
    if (!box) return;
    list.toggle(Number(box.dataset.image));
    paint();
  });

  paint();
}
