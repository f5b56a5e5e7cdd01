// Strategies side by side: a line each, random order dotted in grey.
import { across, faded, frame, KINDS, paint, upwards } from "./chart.js";
import { shareTicks, thousands, ticksUpTo } from "./chart-axes.js";

const token = (line, i) => (line.random ? "ink-3" : `label-${(i % 12) + 1}`);

function options(data) {
  const up = shareTicks(Math.min(...data.lines.flatMap((line) => line.value)));
  const along = ticksUpTo(Math.max(...data.labels));
  const lines = data.lines.map((line, i) => ({
    stroke: paint(token(line, i)),
    width: 2,
    dash: line.random ? [2, 4] : undefined,
    points: { show: data.labels.length === 1 },
  }));
  const hidden = { width: 0, points: { show: false } };
  return {
    ...frame,
    scales: { x: { time: false, range: [0, along.at(-1)] }, y: { range: [up[0], 1] } },
    axes: [
      across(along, { values: (_, ticks) => ticks.map(thousands) }),
      upwards(up, { values: (_, ticks) => ticks.map((tick) => tick.toFixed(up[1] - up[0] < 0.1 ? 2 : 1)) }),
    ],
    series: [{}, ...lines, ...data.lines.flatMap(() => [hidden, hidden])],
    bands: data.lines.map((line, i) => {
      const high = 1 + data.lines.length + 2 * i;
      return { series: [high, high + 1], fill: faded(token(line, i), 0.1) };
    }),
  };
}

KINDS.strategies = {
  options,
  columns: (data) => [
    data.labels,
    ...data.lines.map((line) => line.value),
    ...data.lines.flatMap((line) => [line.high, line.low]),
  ],
};
