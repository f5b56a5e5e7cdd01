// Pictures fetched and decoded before they are needed, so that the next one is painted at once.

import { isTiny } from "./tiny-pictures.js";

function pictureOf(question) {
  const picture = new Image();
  picture.alt = "Image to label";
  picture.className = isTiny(question) ? "picture tiny-picture" : "picture";
  picture.dataset.picture = "";
  picture.draggable = false;
  picture.width = question.width;
  picture.height = question.height;
  picture.src = question.urls.screen;
  return picture;
}

export class Pictures {
  #kept = new Map();

  // {picture, decoded: true or false} for a question that was prepared, else null.
  get(question) {
    return this.#kept.get(question.image) ?? null;
  }

  // Fetch and decode; resolves when it can be painted, rejects when it cannot be shown.
  prepare(question) {
    const found = this.#kept.get(question.image);
    if (found && !found.failed) return found.loading;
    const entry = { picture: pictureOf(question), thumb: new Image(), decoded: false, failed: false };
    entry.thumb.src = question.urls.thumb; // for the strip, should the connection go
    entry.loading = entry.picture.decode().then(
      () => {
        entry.decoded = true;
      },
      (error) => {
        entry.failed = true;
        throw error;
      },
    );
    this.#kept.set(question.image, entry);
    return entry.loading;
  }

  // Prepare what comes next, and let go of all but that and what is `near`.
  ahead(next, near) {
    const wanted = new Set([...next, ...near].map((question) => question.image));
    for (const image of this.#kept.keys()) if (!wanted.has(image)) this.#kept.delete(image);
    for (const question of next) this.prepare(question).catch(() => {});
  }
}
