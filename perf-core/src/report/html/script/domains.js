// From the values of series to the ends of an axis, and to bars that stand on each other. Pure arithmetic.
'use strict';

/** The lowest and the highest of what is known. */
function extent(values) {
  let [low, high] = [undefined, undefined];
  for (const value of values) {
    if (!isNumber(value)) continue;
    if (low === undefined || value < low) low = value;
    if (high === undefined || value > high) high = value;
  }
  return [low, high];
}

/** Around values that are all alike, so that their differences are seen. */
function tight(least, most) {
  // Ticks have three digits.
  const room = Math.max((most - least) * 0.25, most * 0.015);
  const [, step = room] = linearTicks([least - room, most + room], 4);
  const width = Math.abs(step - linearTicks([least - room, most + room], 4)[0]) || room;
  return [Math.max(0, Math.floor((least - room) / width) * width), Math.ceil((most + room) / width) * width];
}

/** Bars stand on those before them. */
function stack(series) {
  let below = null;
  for (const bars of series.filter(({ shape, isAlone }) => shape === 'bars' && !isAlone)) {
    bars.floor = below;
    below = bars.y.map((value, n) => (isNumber(value) ? value : 0) + (below ? below[n] : 0));
  }
}

/** Of what a chart shows now. */
function domainOf(chart) {
  const [from, to] = chart.view.shown;
  let [least, most] = [Infinity, -Infinity];
  for (const { x, y, low, ends, floor } of chart.shown) {
    for (let n = 0; n < x.length; n += 1) {
      if (!isNumber(y[n]) || (ends ? ends[n] < from : x[n] < from) || x[n] > to) continue;
      most = Math.max(most, y[n] + (floor ? floor[n] : 0));
      const bottom = low ? low[n] : y[n];
      if (bottom > 0) least = Math.min(least, bottom);
    }
  }
  const limits = list(chart.spec.limits)
    .map(({ y }) => y)
    .filter((y) => y <= 2.5 * most && y >= most / 100);
  most = Math.max(most, ...limits);
  if (chart.isLog) return logDomain(Number.isFinite(least) ? least : 1, most > 0 ? most : 10);
  const [low, high] = linearDomain(Math.max(most, chart.spec.y.least ?? 0));
  return chart.spec.y.isTight && least > 0.5 * most ? tight(least, most) : [low, high];
}
