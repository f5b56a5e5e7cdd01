// Axes that end on round numbers. Pure: numbers in, numbers out.

const STEPS = [1, 2, 2.5, 5, 10];

// The smallest round step that needs at most `most` of itself to reach `span`.
export function roundStep(span, most) {
  const size = 10 ** Math.floor(Math.log10(span / most));
  return size * STEPS.find((step) => step * size * most >= span * (1 - 1e-9));
}

// [0, …, end]: round ticks from 0 to at or just above `value`.
export function ticksUpTo(value, most = 4) {
  const step = roundStep(Math.max(value, 1), most);
  const whole = Math.max(1, step);
  const count = Math.ceil(Math.max(value, 1) / whole - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => i * whole);
}

// Ticks of a share's axis: from a round number at or below `low` up to 1.
export function shareTicks(low) {
  const start = low >= 0.8 ? 0.8 : low >= 0.6 ? 0.6 : low >= 0.4 ? 0.4 : 0;
  const step = start >= 0.8 ? 0.05 : start >= 0.6 ? 0.1 : 0.2;
  const count = Math.round((1 - start) / step);
  return Array.from({ length: count + 1 }, (_, i) => Number((start + i * step).toFixed(2)));
}

// Days as seconds since 1970 at noon UTC, so that no time zone moves them.
export const dayNumber = (day) => Date.parse(`${day}T12:00:00Z`) / 1000;

export const thousands = (value) => value.toLocaleString("en-US");

// About `most` days to name under a chart, the last one always among them.
export function daysToName(days, most = 5) {
  const step = Math.max(1, Math.ceil(days.length / most));
  return days.filter((_, i) => (days.length - 1 - i) % step === 0);
}
