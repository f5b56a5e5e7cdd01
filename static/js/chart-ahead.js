// What lies beside the measured curve: the forecast (blue, dashed, with its band) and labels drawn
// at random, replayed (grey, dotted). Both have label counts of their own.

function path(chart, rows, name) {
  const line = new Path2D();
  rows.labels.forEach((n, i) => {
    const at = [chart.valToPos(n, "x", true), chart.valToPos(rows[name][i], "y", true)];
    if (i) line.lineTo(...at);
    else line.moveTo(...at);
  });
  return line;
}

function band(chart, rows) {
  const round = new Path2D();
  const at = (i, name) => [chart.valToPos(rows.labels[i], "x", true), chart.valToPos(rows[name][i], "y", true)];
  rows.labels.forEach((_, i) => round.lineTo(...at(i, "high")));
  for (let i = rows.labels.length - 1; i >= 0; i--) round.lineTo(...at(i, "low"));
  round.closePath();
  return round;
}

export function drawBeside(chart, rows, { stroke, fill, dash, width }) {
  if (!rows?.labels.length) return;
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (fill) {
    ctx.fillStyle = fill;
    ctx.fill(band(chart, rows));
  }
  ctx.strokeStyle = stroke;
  ctx.lineWidth = width * devicePixelRatio;
  ctx.lineCap = "round";
  ctx.setLineDash(dash.map((each) => each * devicePixelRatio));
  ctx.stroke(path(chart, rows, "value"));
  ctx.restore();
}

// The largest label count and the lowest value of all that is drawn.
export function extent(data) {
  const beside = [data.ahead, data.drawn].filter((rows) => rows?.labels.length);
  return {
    labels: Math.max(...data.labels, ...beside.flatMap((rows) => rows.labels)),
    low: Math.min(...data.low, data.target, ...(data.ahead?.low ?? []), ...(data.drawn?.value ?? [])),
  };
}
