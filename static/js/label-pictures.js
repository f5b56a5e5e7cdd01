// Pictures fetched and decoded before they are needed, so that the next one is painted at once.
// All of what lies ahead is fetched; it is decoded as far as the memory set aside for it reaches.
import { isTiny } from "./tiny-pictures.js";
import { gettext } from "./words.js";

const BUDGET = 96 * 2 ** 20; // bytes of decoded pixels
const SCREEN = 1600; // longest side of the screen size
const ALWAYS = 2; // pictures decoded ahead, however large
const WARM = 2; // pictures whose pixels are asked for anew, should the browser have let go of them

// How much memory the picture takes once it is decoded.
export function bytesOf({ width, height }) {
  const shrunk = Math.min(1, SCREEN / Math.max(width, height, 1));
  return 4 * width * height * shrunk ** 2;
}

// How many of the pictures ahead fit into the budget beside those that are near.
export function decodedAhead(next, near, budget = BUDGET) {
  let room = budget - near.reduce((sum, question) => sum + bytesOf(question), 0);
  let many = 0;
  for (const question of next) {
    room -= bytesOf(question);
    if (room < 0 && many >= ALWAYS) break;
    many += 1;
  }
  return many;
}

function pictureOf(question) {
  const picture = new Image();
  picture.alt = gettext("Image to label");
  picture.className = isTiny(question) ? "picture tiny-picture" : "picture";
  picture.dataset.picture = "";
  picture.draggable = false;
  picture.decoding = "sync"; // its pixels are there: never paint the frame without them
  picture.width = question.width;
  picture.height = question.height;
  picture.src = question.urls.screen;
  return picture;
}

export class Pictures {
  #kept = new Map();

  // arrived(): another picture is on this device.
  constructor(arrived = () => {}) {
    this.arrived = arrived;
  }

  // {picture, decoded: true or false} for a question that was prepared, else null.
  get(question) {
    return this.#kept.get(question.image) ?? null;
  }

  // Whether the picture is on this device and could be shown without a connection.
  has(question) {
    const picture = this.#kept.get(question.image)?.picture;
    return Boolean(picture?.complete && picture.naturalWidth);
  }

  // Fetch only.
  fetch(question) {
    const found = this.#kept.get(question.image);
    if (found && !found.failed) return found;
    const entry = { picture: pictureOf(question), thumb: new Image(), loading: null, decoded: false, failed: false };
    entry.picture.addEventListener("load", () => this.arrived(), { once: true });
    entry.thumb.src = question.urls.thumb; // for the strip, should the connection go
    this.#kept.set(question.image, entry);
    return entry;
  }

  // Fetch and decode; resolves when it can be painted, rejects when it cannot be shown.
  prepare(question) {
    const entry = this.fetch(question);
    entry.loading ??= entry.picture.decode().then(
      () => {
        entry.decoded = true;
      },
      (error) => {
        entry.failed = true;
        throw error;
      },
    );
    return entry.loading;
  }

  // Prepare what comes next, and let go of all but that and what is `near`.
  ahead(next, near) {
    const wanted = new Set([...next, ...near].map((question) => question.image));
    for (const image of this.#kept.keys()) if (!wanted.has(image)) this.#kept.delete(image);
    const many = decodedAhead(next, near);
    for (const question of next.slice(0, many)) this.prepare(question).catch(() => {});
    for (const question of next.slice(many)) this.fetch(question);
    for (const question of next.slice(0, WARM)) {
      const { decoded, picture } = this.get(question);
      if (decoded) picture.decode().catch(() => {});
    }
  }
}
