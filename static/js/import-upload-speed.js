// How fast something goes and how long it still takes, judged by its last seconds.

import { fill, gettext } from "./words.js";

const WINDOW_MS = 10_000;
const LEAST_MS = 1500; // before that nothing is said

export class Meter {
  constructor() {
    this.marks = [];
  }

  // So many bytes are there now. A step back, or a start from the middle, is no speed.
  note(bytes, now = performance.now()) {
    const last = this.marks.at(-1);
    if (last && bytes < last.bytes) this.marks = [];
    this.marks.push({ bytes, now });
    while (this.marks.length > 2 && this.marks[1].now < now - WINDOW_MS) this.marks.shift();
  }

  forget() {
    this.marks = [];
  }

  // Bytes per second; 0 while there is too little to judge by.
  speed() {
    const [first, last] = [this.marks[0], this.marks.at(-1)];
    if (!first || last.now - first.now < LEAST_MS) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.now - first.now);
  }

  // Seconds until `total` at this speed; null where nobody can say.
  left(total) {
    const speed = this.speed();
    return speed > 0 ? Math.max(0, total - this.marks.at(-1).bytes) / speed : null;
  }
}

const UNITS = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

// 1234567 → "1.2 MB"
export function inBytes(bytes) {
  const [unit, size] = UNITS.find(([, size]) => bytes >= size) ?? ["B", 1];
  const digits = size > 1 && bytes / size < 10 ? 1 : 0;
  return `${(bytes / size).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}\u00a0${unit}`;
}

export function inTime(seconds) {
  if (seconds < 60) return gettext("less than a minute left");
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return fill(gettext("about %(n)s min left"), { n: minutes });
  return fill(gettext("about %(n)s h left"), { n: Math.round(minutes / 60) });
}

// "312 MB of 2.1 GB · 24 MB/s · about 2 min left"
export function progressInWords({ sent, total, speed, left }) {
  const words = [fill(gettext("%(sent)s of %(total)s"), { sent: inBytes(sent), total: inBytes(total) })];
  if (speed > 0 && sent < total) words.push(`${inBytes(speed)}/s`);
  if (left !== null && sent < total) words.push(inTime(left));
  return words.join(" · ");
}
