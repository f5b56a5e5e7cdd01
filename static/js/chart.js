// The charts of the dashboard, drawn by uPlot in the page's own colours.
import uPlot from "../vendor/uplot-1.6.32/uPlot.esm.js";
import { drawBeside, extent } from "./chart-ahead.js";
import { dayNumber, daysToName, shareTicks, thousands, ticksUpTo } from "./chart-axes.js";
import { fill, gettext } from "./words.js";

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const drawn = new Map();

// A token's colour as the canvas understands it: light-dark() is resolved by the browser.
const probe = document.createElement("span");
probe.hidden = true;
function colour(token) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}
export const paint = (token) => () => colour(token);

export function faded(token, share) {
  return () => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour(token);
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
    return `rgba(${r}, ${g}, ${b}, ${share})`;
  };
}

function axis(ticks, more) {
  return {
    font: FONT,
    stroke: paint("ink-3"),
    splits: () => ticks,
    ticks: { show: false },
    border: { show: false },
    ...more,
  };
}

export const across = (ticks, more) =>
  axis(ticks, { size: 24, gap: 6, grid: { show: false }, border: { show: true, width: 1, stroke: paint("line-strong") }, ...more });
export const upwards = (ticks, more) =>
  axis(ticks, { size: 40, gap: 8, grid: { width: 1, stroke: paint("line") }, ...more });

export const frame = { cursor: { show: false }, legend: { show: false }, select: { show: false }, padding: [10, 20, 0, 0] };

function curveOptions(data) {
  const all = extent(data);
  const up = shareTicks(all.low);
  const along = ticksUpTo(all.labels);
  return {
    ...frame,
    scales: { x: { time: false, range: [0, along.at(-1)] }, y: { range: [up[0], 1] } },
    axes: [
      across(along, { values: (_, ticks) => ticks.map(thousands) }),
      upwards(up, { values: (_, ticks) => ticks.map((tick) => tick.toFixed(up[1] - up[0] < 0.1 ? 2 : 1)) }),
    ],
    series: [
      {},
      { show: true, width: 0, points: { show: false } },
      { show: true, width: 0, points: { show: false } },
      { stroke: paint("ink"), width: 2, points: { show: data.labels.length === 1, size: 9, fill: paint("ink"), stroke: paint("ink") } },
    ],
    bands: [{ series: [1, 2], fill: faded("ink", 0.12) }],
    hooks: {
      draw: [
        (chart) => drawBeside(chart, data.drawn, { stroke: colour("ink-3"), dash: [1.5, 4], width: 1.5 }),
        (chart) => drawBeside(chart, data.ahead, { stroke: colour("model-line"), fill: faded("model-line", 0.18)(), dash: [6, 4], width: 2 }),
        (chart) => markTarget(chart, data),
        (chart) => markNow(chart, data),
      ],
    },
  };
}

function markTarget(chart, data) {
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(data.target, "y", true));
  ctx.save();
  ctx.strokeStyle = colour("ink");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.lineCap = "round";
  ctx.setLineDash([devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

// The marker dot: you are here. A version with one score alone has its whisker drawn too.
function markNow(chart, data) {
  const { ctx } = chart;
  const last = data.labels.length - 1;
  const at = (value) => chart.valToPos(value, "y", true);
  const x = chart.valToPos(data.labels[last], "x", true);
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.strokeStyle = colour("ink");
  if (last === 0) {
    ctx.beginPath();
    ctx.moveTo(x, at(data.low[0]));
    ctx.lineTo(x, at(data.high[0]));
    ctx.stroke();
  }
  ctx.beginPath();
  ctx.arc(x, at(data.value[last]), 6 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fillStyle = colour("mark");
  ctx.fill();
  ctx.stroke();
  ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.fillStyle = colour("ink");
  const words = fill(gettext("now, %(value)s"), { value: data.value[last].toFixed(2) });
  const left = x + ctx.measureText(words).width + 14 * devicePixelRatio > chart.bbox.left + chart.bbox.width;
  ctx.textAlign = left ? "right" : "left";
  // On the side the line does not come from.
  const rising = last > 0 && data.value[last] >= data.value[last - 1];
  const y = at(data.value[last]) + (rising ? -14 : 24) * devicePixelRatio;
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour("surface");
  ctx.strokeText(words, x + (left ? 0 : 10) * devicePixelRatio, y);
  ctx.fillText(words, x + (left ? 0 : 10) * devicePixelRatio, y);
  ctx.restore();
}

function daysOptions(data) {
  const up = ticksUpTo(Math.max(...data.counts), 3);
  const named = new Map(daysToName(data.days).map((day) => [dayNumber(day), day]));
  const [first, last] = [dayNumber(data.days[0]), dayNumber(data.days.at(-1))];
  const half = 43_200;
  return {
    ...frame,
    scales: { x: { time: false, range: [Math.min(first, last - 6 * 86_400) - half, last + half] }, y: { range: [0, up.at(-1)] } },
    axes: [
      across([...named.keys()], { values: (_, ticks) => ticks.map((tick) => named.get(tick).slice(5)) }),
      upwards(up, { values: (_, ticks) => ticks.map(thousands) }),
    ],
    series: [
      {},
      { stroke: paint("ink"), fill: paint("ink"), width: 0, paths: uPlot.paths.bars({ size: [0.72, 40], align: 0 }), points: { show: false } },
    ],
  };
}

export const KINDS = {
  curve: { options: curveOptions, columns: (data) => [data.labels, data.low.map((_, i) => data.high[i]), data.low, data.value] },
  days: { options: daysOptions, columns: (data) => [data.days.map(dayNumber), data.counts] },
};

const size = (element) => ({ width: element.clientWidth, height: element.clientHeight });

const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) if (target.clientWidth) drawn.get(target)?.setSize(size(target));
});

// Draw every chart under `root` that is not drawn yet; forget those that left the page.
export function drawCharts(root = document) {
  for (const [element, chart] of drawn) {
    if (element.isConnected) continue;
    fitting.unobserve(element);
    chart.destroy();
    drawn.delete(element);
  }
  for (const element of root.querySelectorAll("[data-chart]")) {
    if (drawn.has(element)) continue;
    const data = JSON.parse(document.getElementById(element.dataset.source).textContent);
    const kind = KINDS[element.dataset.chart];
    drawn.set(element, new uPlot({ ...kind.options(data), ...size(element) }, kind.columns(data), element));
    fitting.observe(element);
  }
}

const repaint = () => drawn.forEach((chart) => chart.redraw(false));
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
