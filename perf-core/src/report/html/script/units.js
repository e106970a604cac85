// Turns numbers into what people read: three digits and the unit that suits.
'use strict';

const NONE = '–';

/** To three significant digits, without a decimal point that says nothing. */
function significant(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value)) return size >= 1e4 ? value.toLocaleString('en') : String(value);
  if (size < 0.001) return value.toExponential(1);
  const decimals = size < 0.9995 ? 3 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  const text = value.toFixed(decimals);
  return size >= 1e4 ? Number(text).toLocaleString('en') : text;
}

const known = (show) => (value) => (isNumber(value) ? show(value) : NONE);

const scaled = (units) => (value) => {
  const size = Math.abs(value);
  let [factor, unit] = units[0];
  for (const [next, name] of units) if (size >= 0.9995 * next) [factor, unit] = [next, name];
  return `${significant(value / factor)} ${unit}`;
};

const show = {
  ns: known(
    scaled([
      [1, 'ns'],
      [1e3, 'µs'],
      [1e6, 'ms'],
      [1e9, 's'],
    ]),
  ),
  'ns²': known((value) => `${significant(value)} ns²`),
  count: known((value) => (value >= 1e4 ? Math.round(value).toLocaleString('en') : significant(value))),
  rate: known((value) => `${significant(value)}/s`),
  ratio: known((value) => `${significant(value * 100)} %`),
  bytes: known(
    scaled([
      [1, 'B'],
      [1e3, 'kB'],
      [1e6, 'MB'],
      [1e9, 'GB'],
    ]),
  ),
  bytesPerSecond: known((value) => `${show.bytes(value)}/s`),
  cores: known((value) => `${significant(value)} cores`),
  number: known(significant),
  change: known((value) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${(Math.abs(value) * 100).toFixed(1)} %`),
  seconds: known((value) => (Math.abs(value) < 60 ? `${trimmed(value)} s` : clock(value))),
};

/** In the unit that a threshold or a metric of a report has. */
function showUnit(value, unit) {
  const by = {
    ns: show.ns,
    'ns²': show['ns²'],
    ratio: show.ratio,
    'per second': show.rate,
    per_s: show.rate,
    '/s': show.rate,
    '1/s': show.rate,
    count: show.count,
    bytes: show.bytes,
  };
  return (by[unit] ?? show.number)(value);
}

function trimmed(value) {
  const decimals = Math.abs(value) < 10 ? 2 : 1;
  return String(Number(value.toFixed(decimals)));
}

/** 90 is 1:30, 3661 is 1:01:01. */
function clock(value) {
  const sign = value < 0 ? '−' : '';
  const whole = Math.floor(Math.abs(value));
  const two = (n) => String(n).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return sign + (hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`);
}

/** A length of time in words' order: 42 s, 1 min 30 s, 2 h 5 min. */
const showLength = known((value) => {
  if (value < 60) return `${trimmed(value)} s`;
  const [hours, minutes, seconds] = [Math.floor(value / 3600), Math.floor(value / 60) % 60, Math.round(value % 60)];
  if (hours) return `${hours} h${minutes ? ` ${minutes} min` : ''}`;
  return `${minutes} min${seconds ? ` ${seconds} s` : ''}`;
});

/** 2026-01-31T12:00:00Z as 2026-01-31 12:00 UTC. */
function showMoment(text) {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?/.exec(text ?? '');
  return found ? `${found[1]} ${found[2]} UTC` : text || NONE;
}
