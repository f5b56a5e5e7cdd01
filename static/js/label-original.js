// The original, fetched when somebody looks so close that the screen size blurs. It is decoded
// beside the page, no larger than the view needs, and only what is in sight is drawn: a picture of
// fifty million pixels moves as easily as a small one.
import { sharpWidth } from "./view.js";

const PIXEL_EDGE = 3; // pixels of the screen per pixel of the picture from which its edges show
const REST_MS = 120; // without a change of the view before anything is decoded for it
const MOST_PIXELS = 64_000_000;
const MOST_ON_PHONES = 16_000_000;

export class Original {
  #about = null; // what the server tells of the file
  #file = null; // a promise of its bytes
  #stop = null; // ends the fetching
  #bitmaps = new Map(); // by width: the original and its halvings, as far as they were needed
  #coming = new Set(); // the widths that are being decoded
  #due = false; // a drawing is asked for
  #rest = 0;

  // facts: of the images; tell: called with "", "loading", "there", "never" or "lost".
  constructor(zoom, lens, { facts, tell }) {
    this.zoom = zoom;
    this.lens = lens;
    this.facts = facts;
    this.tell = tell;
    const small = matchMedia("(pointer: coarse)").matches || navigator.deviceMemory <= 4;
    this.most = small ? MOST_ON_PHONES : MOST_PIXELS;
  }

  // Another picture lies on the stage.
  show(question) {
    clearTimeout(this.#rest);
    this.#stop?.abort();
    for (const bitmap of this.#bitmaps.values()) bitmap.close();
    this.#bitmaps.clear();
    this.#coming.clear();
    this.#about = this.#file = this.#stop = null;
    this.question = question;
    if (!this.lens.hidden) this.lens.hidden = true;
    this.tell("");
  }

  // The view changed: draw it, and get what it takes to draw it sharply.
  look() {
    if (!this.question || !this.zoom.picture) return;
    clearTimeout(this.#rest);
    if (this.zoom.view.scale > 1) this.#rest = setTimeout(() => this.#getNeeded(), REST_MS);
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#draw();
    });
  }

  #getNeeded() {
    const width = this.zoom.picture ? this.#widthNeeded() : 0;
    const known = this.#bitmaps.has(width) || this.#coming.has(width) || this.#about?.original === false;
    if (width && !known) this.#get(width);
  }

  // 0 where the screen size is as sharp as the view can show.
  #widthNeeded() {
    const { view, frame, size, picture } = this.zoom;
    const there = picture.naturalWidth || picture.width;
    if (view.scale <= 1 || size.width <= there) return 0;
    if (this.zoom.perPixel * devicePixelRatio * size.width <= there) return 0;
    return sharpWidth(view, frame, size, devicePixelRatio, this.most);
  }

  async #get(width) {
    const { question } = this;
    this.#coming.add(width);
    if (!this.#bitmaps.size) this.tell("loading");
    try {
      this.#about ??= await this.facts.of(question.image);
      if (question !== this.question) return;
      if (!this.#about.original) return this.tell("never");
      const bitmap = await this.#decode(await (this.#file ??= this.#fetch(question)), width);
      if (question !== this.question) return bitmap.close();
      this.#bitmaps.set(width, bitmap);
      this.tell("there");
      this.look();
    } catch {
      if (question !== this.question) return;
      this.#file = null; // the next change of the view tries again
      this.#coming.delete(width);
      this.tell("lost");
    }
  }

  async #fetch(question) {
    this.#stop = new AbortController();
    const answer = await fetch(question.urls.original, { signal: this.#stop.signal });
    if (!answer.ok) throw new Error(`The original answered ${answer.status}.`);
    return answer.blob();
  }

  async #decode(file, width) {
    const { size } = this.zoom;
    if (width >= size.width) return createImageBitmap(file);
    const resizeHeight = Math.max(1, Math.round((width * size.height) / size.width));
    return createImageBitmap(file, { resizeWidth: width, resizeHeight, resizeQuality: "medium" });
  }

  #draw() {
    const { lens, zoom } = this;
    const bitmap = zoom.picture ? this.#sharpest(this.#widthNeeded()) : null;
    if (lens.hidden === Boolean(bitmap)) lens.hidden = !bitmap;
    if (!bitmap) return;
    const pen = this.#pen();
    const { view, size, frame, perPixel } = zoom;
    const each = perPixel * devicePixelRatio;
    pen.translate((frame.inside.x + view.x) * devicePixelRatio, (frame.inside.y + view.y) * devicePixelRatio);
    pen.rotate((view.turn * Math.PI) / 2);
    pen.imageSmoothingEnabled = each < PIXEL_EDGE;
    pen.fillStyle = "white"; // what shines through is laid on white, as in the screen size
    const place = [(-each * size.width) / 2, (-each * size.height) / 2, each * size.width, each * size.height];
    pen.fillRect(...place);
    pen.drawImage(bitmap, ...place);
  }

  #sharpest(width) {
    if (!width) return null;
    const largest = Math.max(...this.#bitmaps.keys());
    return this.#bitmaps.get(width) ?? this.#bitmaps.get(largest) ?? null;
  }

  // The lens as large as the stage, empty. Drawn by the processor: a graphics card would have to
  // take in the whole bitmap first.
  #pen() {
    const { lens } = this;
    const [width, height] = [lens.clientWidth, lens.clientHeight].map((side) => Math.round(side * devicePixelRatio));
    if (lens.width !== width || lens.height !== height) Object.assign(lens, { width, height });
    const pen = lens.getContext("2d", { willReadFrequently: true });
    pen.resetTransform();
    pen.clearRect(0, 0, width, height);
    return pen;
  }
}
