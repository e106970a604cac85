// Turns values into pixels, and says where an axis has its ticks. Pure arithmetic.
'use strict';

/** Between two values, of equal steps. */
function linearScale([low, high], [start, end]) {
  const width = high - low || 1;
  return {
    of: (value) => start + ((value - low) / width) * (end - start),
    back: (pixel) => low + ((pixel - start) / (end - start)) * width,
  };
}

/** Between two values above zero, of equal ratios; what is not above the lower one lies there. */
function logScale([low, high], range) {
  const inner = linearScale([Math.log10(low), Math.log10(high)], range);
  return {
    of: (value) => inner.of(Math.log10(Math.max(value, low))),
    back: (pixel) => 10 ** inner.back(pixel),
  };
}

const TIME_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

/** Multiples of 1, 2 or 5 times a power of ten, about so many. */
function linearTicks([low, high], about) {
  const raw = (high - low) / Math.max(1, about) || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= 0.999 * raw);
  return multiples(low, high, step);
}

function timeTicks([low, high], about) {
  const raw = (high - low) / Math.max(1, about);
  const step = TIME_STEPS.find((candidate) => candidate >= raw);
  return step ? multiples(low, high, step) : linearTicks([low, high], about);
}

function multiples(low, high, step) {
  const ticks = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1)
    ticks.push(Number((n * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten, with their multiples by 2 and 5 where there is room, or every few of them where there is little. */
function logTicks([low, high], about) {
  const [first, last] = [Math.floor(Math.log10(low) - 1e-9), Math.ceil(Math.log10(high) + 1e-9)];
  const decades = Math.log10(high / low);
  const factors = decades * 3 <= about ? [1, 2, 5] : decades * 2 <= about ? [1, 3] : [1];
  const each = Math.max(1, Math.ceil(decades / Math.max(1, about)));
  const ticks = [];
  for (let power = first; power <= last; power += 1) {
    if (factors.length === 1 && power % each !== 0) continue;
    ticks.push(...factors.map((factor) => factor * 10 ** power));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

/** The axis of a percentile spectrum: x is the number of nines, −log₁₀(1 − q). */
const NINES = [
  [0, 'p0'],
  [0.30103, 'p50'],
  [1, 'p90'],
  [2, 'p99'],
  [3, 'p99.9'],
  [4, 'p99.99'],
  [5, 'p99.999'],
];

function showNines(nines) {
  const percent = 100 * (1 - 10 ** -nines);
  return `p${Number(percent.toFixed(Math.max(0, Math.ceil(nines) - 1)))}`;
}

/** Low and high of an axis from zero on that ends at a tick. */
function linearDomain(most) {
  if (!(most > 0)) return [0, 1];
  const [, step = most] = linearTicks([0, most], 4);
  return [0, Math.ceil(most / step - 1e-9) * step];
}

/** Low and high of a logarithmic axis around values above zero. */
function logDomain(least, most) {
  const nice = (value, round) => {
    const power = 10 ** Math.floor(Math.log10(value));
    const all = [1, 2, 5, 10].map((factor) => factor * power);
    return round(all, value);
  };
  const below = nice(least, (all, value) => all.filter((n) => n <= value * 1.0001).pop());
  const above = nice(most, (all, value) => all.find((n) => n >= value * 0.9999));
  return below < above ? [below, above] : [below / 2, above * 2];
}
