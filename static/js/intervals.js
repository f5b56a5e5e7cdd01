// How sure a proportion is. The same formula as ml/intervals.py.

const Z = 1.959963984540054;

// The 95 % Wilson interval of k of n: [low, high] in [0, 1]; [0, 1] for n = 0.
export function wilson(k, n) {
  if (n <= 0) return [0, 1];
  const rate = k / n;
  const scale = 1 + (Z * Z) / n;
  const centre = rate + (Z * Z) / (2 * n);
  const spread = Z * Math.sqrt((rate * (1 - rate)) / n + (Z / (2 * n)) ** 2);
  return [Math.min(rate, Math.max(0, (centre - spread) / scale)), Math.max(rate, Math.min(1, (centre + spread) / scale))];
}
