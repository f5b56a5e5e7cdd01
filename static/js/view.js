// How a picture lies in its frame: arithmetic only, in CSS pixels.
//
// A view is {scale, x, y, turn}: how many times larger than fitting, how far the picture's centre
// lies from the frame's, and how many quarter turns to the right. `picture` is its upright size in
// its own pixels, `frame` the room there is for it; both {width, height}.

export const STEPS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];
export const STILL = Object.freeze({ scale: 1, x: 0, y: 0, turn: 0 });

export const isStill = ({ scale, turn }) => scale === 1 && turn === 0;

// CSS pixels per pixel of the picture when it just fits.
export function fit(frame, picture, turn = 0) {
  const [width, height] = turn % 2 ? [picture.height, picture.width] : [picture.width, picture.height];
  return Math.min(frame.width / width, frame.height / height);
}

// The scale at which one pixel of the picture is one on the screen, at least 2.
export function fullScale(frame, picture, turn = 0) {
  return Math.max(2, 1 / fit(frame, picture, turn));
}

// Small pictures grow to 8 times the frame, large ones until one of their pixels is 4 on the screen.
export function mostScale(frame, picture, turn = 0) {
  return Math.min(STEPS.at(-1), Math.max(8, 4 / fit(frame, picture, turn)));
}

export function stepFrom(scale, by, most = STEPS.at(-1)) {
  const place = by > 0 ? STEPS.findLastIndex((step) => step <= scale + 0.01) : STEPS.findIndex((step) => step >= scale - 0.01);
  const from = place < 0 ? STEPS.length - 1 : place;
  return Math.min(most, STEPS[Math.min(STEPS.length - 1, Math.max(0, from + by))]);
}

// The view at another scale; what lies at `point` (from the frame's centre) stays there.
export function scaled(view, scale, point) {
  const by = scale / view.scale;
  return { ...view, scale, x: point.x - by * (point.x - view.x), y: point.y - by * (point.y - view.y) };
}

// The view moved back so far that no edge of the picture leaves room which the picture could fill.
export function clamped(view, frame, picture) {
  const each = fit(frame, picture, view.turn) * view.scale;
  const [width, height] = view.turn % 2 ? [picture.height, picture.width] : [picture.width, picture.height];
  const most = { x: Math.max(0, (each * width - frame.width) / 2), y: Math.max(0, (each * height - frame.height) / 2) };
  const within = (value, limit) => Math.min(limit, Math.max(-limit, value)) || 0;
  return { ...view, x: within(view.x, most.x), y: within(view.y, most.y) };
}

// What `transform` shows the view, for an element that the unturned picture just fits into.
export function transformOf(view, frame, picture) {
  if (isStill(view)) return "";
  const scale = (view.scale * fit(frame, picture, view.turn)) / fit(frame, picture);
  const round = (value) => Math.round(value * 100) / 100;
  return `translate(${round(view.x)}px, ${round(view.y)}px) rotate(${90 * view.turn}deg) scale(${scale.toFixed(4)})`;
}

// The width, in pixels, of the smallest halving of the picture that is still sharp in this view.
// `density`: pixels of the screen per CSS pixel; `most`: pixels that may be decoded at all.
export function sharpWidth(view, frame, picture, density, most) {
  const needed = fit(frame, picture, view.turn) * view.scale * density * picture.width;
  let [width, height] = [picture.width, picture.height];
  while (width > 1 && height > 1 && (width / 2 >= needed || width * height > most)) {
    width /= 2;
    height /= 2;
  }
  return Math.round(width);
}
