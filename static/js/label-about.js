// The drawer beside the picture: its file's names and size, and what the camera wrote into it.
import { exifLines } from "./exif-words.js";
import { fill, gettext, ngettext } from "./words.js";

const CALM_MS = 150; // somebody who labels fast does not want every image's facts
const NBSP = "\u00a0";

const language = () => document.documentElement.lang || "en";
const count = (number, digits = 0) => number.toLocaleString(language(), { maximumFractionDigits: digits });

export function bytesWords(bytes) {
  const [size, unit] = [[1e6, "MB"], [1e3, "kB"], [1, "B"]].find(([least]) => bytes >= least) ?? [1, "B"];
  const value = bytes / size;
  return `${count(value, value < 10 && size > 1 ? 1 : 0)}${NBSP}${unit}`;
}

export function sizeWords({ width, height }) {
  const million = (width * height) / 1e6;
  const size = { width: count(width), height: count(height) };
  if (million < 0.95) return fill(gettext("%(width)s × %(height)s pixels"), size);
  return fill(gettext("%(width)s × %(height)s, %(n)s megapixels"), { ...size, n: count(million, million < 10 ? 1 : 0) });
}

// The lines about the file: [name, text].
export function fileLines(facts) {
  const names = facts.more_names ? [...facts.names, gettext("and more")] : facts.names;
  return [
    [gettext("Name"), facts.name],
    ...(names.length ? [[ngettext("Other name", "Other names", names.length), names.join("\n")]] : []),
    [gettext("Size"), sizeWords(facts)],
    [gettext("File"), `${facts.format}, ${bytesWords(facts.bytes)}`],
    [gettext("Came in"), new Date(facts.came).toLocaleDateString(language(), { dateStyle: "medium" })],
  ];
}

function listOf(lines) {
  const list = document.createElement("dl");
  for (const [name, text] of lines) {
    const [term, what] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    what.textContent = text;
    list.append(term, what);
  }
  return list;
}

function paragraph(words) {
  const made = document.createElement("p");
  made.className = "small quiet";
  made.textContent = words;
  return made;
}

function heading(words) {
  const made = document.createElement("h3");
  made.textContent = words;
  return made;
}

export class About {
  #timer = 0;

  // drawer: the element; button: what opens it; facts: of the images.
  constructor(drawer, { button, facts }) {
    Object.assign(this, { drawer, button, facts });
    this.body = drawer.querySelector("[data-about-body]");
  }

  get isOpen() {
    return !this.drawer.hidden;
  }

  toggle(open = !this.isOpen) {
    this.drawer.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.#fill();
  }

  // Another picture lies on the stage.
  show(question) {
    this.question = question;
    if (!this.isOpen) return;
    this.body.setAttribute("aria-busy", "true");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fill(), CALM_MS);
  }

  async #fill() {
    const { question } = this;
    if (!question || !this.isOpen) return;
    const offline = () => [paragraph(gettext("These facts need a connection. Open the drawer again when it is back."))];
    const made = await this.facts.of(question.image).then((facts) => this.#words(facts, question), offline);
    if (question !== this.question) return;
    this.body.replaceChildren(...made);
    this.body.removeAttribute("aria-busy");
  }

  #words(facts, question) {
    const exif = exifLines(facts.exif);
    const none = gettext("The file carries no camera data, or it was imported before Labeler read them. Where a photo was taken is never read.");
    return [
      listOf(fileLines(facts)),
      heading(gettext("Camera data")),
      exif.length ? listOf(exif) : paragraph(none),
      this.#link(facts, question),
    ];
  }

  #link(facts, question) {
    const link = document.createElement("a");
    link.href = question.urls.original;
    link.className = "btn";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = facts.original || facts.format === "GIF" ? gettext("Open the original") : gettext("Download the original");
    const row = document.createElement("p");
    row.append(link);
    return row;
  }
}
