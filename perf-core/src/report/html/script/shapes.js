// Turns the values of a series into the path of its shape. `at` gives x in pixels, `up` y.
'use strict';

const px = (value) => Math.round(value * 10) / 10;

/** A line through what is known; a value alone between gaps is a dot. */
function linePath({ x, y }, at, up) {
  let path = '';
  let isOpen = false;
  for (let n = 0; n < x.length; n += 1) {
    if (!isNumber(y[n])) {
      isOpen = false;
      continue;
    }
    path += `${isOpen ? 'L' : 'M'}${px(at(x[n]))} ${px(up(y[n]))}`;
    if (!isOpen && !isNumber(y[n + 1])) path += 'h0.1';
    isOpen = true;
  }
  return path;
}

/** Like a line, but each value holds until the next. */
function stepPath({ x, y, ends }, at, up) {
  let path = '';
  for (let n = 0; n < x.length; n += 1) {
    if (!isNumber(y[n])) continue;
    path += path === '' ? `M${px(at(x[n]))} ${px(up(y[n]))}` : `H${px(at(x[n]))}V${px(up(y[n]))}`;
  }
  const isWhole = path !== '' && ends && isNumber(y[y.length - 1]);
  return isWhole ? `${path}H${px(at(ends[ends.length - 1]))}` : path;
}

function dotPath({ x, y }, at, up) {
  let path = '';
  for (let n = 0; n < x.length; n += 1)
    if (isNumber(x[n]) && isNumber(y[n])) path += `M${px(at(x[n]))} ${px(up(y[n]))}h0.1`;
  return path;
}

/** Bars from x to `ends`, standing on `floor` where something is below them. */
function barPath({ x, y, ends, floor }, at, up, bottom) {
  let path = '';
  for (let n = 0; n < x.length; n += 1) {
    if (!(y[n] > 0)) continue;
    const under = floor ? Math.min(up(floor[n]), bottom) : bottom;
    const top = floor ? up(floor[n] + y[n]) : up(y[n]);
    const [left, right] = [at(x[n]), at(ends[n])];
    const gap = right - left > 4 ? 1 : 0;
    path += `M${px(left)} ${px(under)}V${px(Math.min(top, under - 0.5))}H${px(Math.max(right - gap, left + 0.6))}V${px(under)}Z`;
  }
  return path;
}

/** Between `low` and y. */
function bandPath({ x, y, low }, at, up) {
  const there = x.map((_, n) => n).filter((n) => isNumber(y[n]) && isNumber(low[n]));
  if (!there.length) return '';
  const upper = there.map((n) => `${px(at(x[n]))} ${px(up(y[n]))}`);
  const lower = there.reverse().map((n) => `${px(at(x[n]))} ${px(up(low[n]))}`);
  return `M${upper.join('L')}L${lower.join('L')}Z`;
}

const SHAPES = {
  line: { path: linePath, isFilled: false },
  step: { path: stepPath, isFilled: false },
  dots: { path: dotPath, isFilled: false },
  bars: { path: barPath, isFilled: true },
  band: { path: bandPath, isFilled: true },
};
