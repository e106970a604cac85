// The charts of a test over time. They share a view: one cursor, one stretch.
'use strict';

const TIME = { ticks: timeTicks, format: show.seconds };
const ERROR_COLOURS = ['red', 'orange', 'purple', 'brown', 'blue', 'teal', 'grey'];
const STEP_COLOURS = ['blue', 'orange', 'teal', 'purple', 'red', 'brown'];

/** A column holds one value where all are the same. */
function expanded(value, length) {
  if (Array.isArray(value)) return value;
  return new Array(length).fill(value === undefined ? null : value);
}

/** Columns of a timeline as arrays, with when each point begins, is in its middle, and ends. */
function unpacked(timeline) {
  const { points, interval_s: length, last_s: last } = timeline;
  const at = expanded(timeline.at_s, points);
  const end = (from, n) => (n + 1 === points ? from + (last || length) : Math.min(from + length, at[n + 1]));
  const ends = at.map(end);
  const middle = at.map((from, n) => (from + ends[n]) / 2);
  const column = (name) => expanded(timeline[name], points);
  // What a sliver of time says of a second is chance.
  const isSliver = (n) => ends[n] - at[n] < length / 5;
  const perSecond = (values) =>
    values.map((value, n) => (isNumber(value) && !isSliver(n) ? value / (ends[n] - at[n]) : null));
  const named = (map, of) => Object.fromEntries(pairs(map).map(([name, value]) => [name, of(value)]));
  const steps = named(timeline.steps, (step) => named(step, (values) => expanded(values, points)));
  return {
    at,
    ends,
    middle,
    column,
    perSecond,
    errors: named(timeline.errors, (v) => expanded(v, points)),
    steps,
    merged: timeline.merged ?? 1,
    points,
  };
}

const hasSome = (values) => values.some((value) => isNumber(value) && value !== 0);

function viewOf(lines) {
  const whole = lines.points ? [Math.min(0, lines.at[0]), lines.ends[lines.points - 1]] : [0, 1];
  return new View(whole, lines.middle);
}

/** What each chart over time is: from the columns to a spec, or nothing where there is nothing to show. */
const TIMELINE = [
  function rate(lines, test) {
    const offered = lines.perSecond(
      lines.column('started').map((started, n) => started + (lines.column('dropped')[n] ?? 0)),
    );
    const achieved = lines.perSecond(lines.column('completed'));
    const name = test.load?.model === 'closed' || test.load?.model === 'iterations' ? 'started' : 'offered';
    return {
      title: 'Rate',
      y: { format: show.rate },
      series: [
        {
          name,
          colour: 'grey',
          y: offered,
          shape: 'step',
          x: lines.at,
          ends: lines.ends,
          title: 'Arrivals that fell due, or iterations that users began',
        },
        { name: 'completed', colour: 'blue', y: achieved },
        { name: 'succeeded', colour: 'teal', y: lines.column('throughput_per_s'), isOff: true },
      ],
    };
  },
  function latency(lines, test) {
    const names = [
      ['p50', 'blue'],
      ['p90', 'teal'],
      ['p99', 'orange'],
      ['max', 'red'],
    ];
    const series = names.map(([name, colour]) => ({ name, colour, y: lines.column(`${name}_ns`) }));
    const slowest = list(test.slowest)
      .slice()
      .sort((a, b) => a.at_s - b.at_s);
    if (slowest.length) {
      series.push({
        name: 'slowest',
        colour: 'purple',
        shape: 'dots',
        x: slowest.map(({ at_s: at }) => at),
        y: slowest.map((one) => one.response_ns),
        isOff: true,
        reach: lines.ends[0] - lines.at[0],
        title: 'The slowest single iterations',
      });
    }
    const [least, most] = [extent(lines.column('p50_ns'))[0], extent(lines.column('max_ns'))[1]];
    return {
      title: 'Response time',
      y: { format: show.ns, isLog: most > 30 * least, canBeLog: true },
      series,
      limits: latencyLimits(test),
      height: 216,
    };
  },
  function errors(lines) {
    const all = pairs(lines.errors).filter(([, values]) => hasSome(values));
    const series = all.map(([name, y], n) => ({
      name,
      colour: ERROR_COLOURS[n % ERROR_COLOURS.length],
      y,
      shape: 'bars',
      x: lines.at,
      ends: lines.ends,
    }));
    return series.length
      ? { title: 'Errors', note: 'per point, by category', y: { format: show.count, isWhole: true }, series }
      : null;
  },
  function crowd(lines) {
    const series = [{ name: 'in flight', colour: 'blue', y: lines.column('in_flight') }];
    if (hasSome(lines.column('users')))
      series.push({ name: 'users', colour: 'orange', y: lines.column('users'), dash: true });
    return hasSome(lines.column('in_flight')) || series.length > 1
      ? {
          title: series.length > 1 ? 'In flight and users' : 'In flight',
          y: { format: show.count, isWhole: true },
          series,
        }
      : null;
  },
  function lag(lines, test) {
    const y = lines.column('lag_p99_ns');
    const bound = test.generator?.lag_bound_ns;
    const limits = isNumber(bound) ? [{ y: bound, label: `bound ${show.ns(bound)}`, isHeld: true }] : [];
    return hasSome(y)
      ? {
          title: 'Lag',
          note: 'how late iterations began',
          y: { format: show.ns },
          series: [{ name: 'lag p99', colour: 'brown', y }],
          limits,
        }
      : null;
  },
  function steps(lines) {
    const all = pairs(lines.steps);
    const of = (key, isOff) =>
      all.map(([name, step], n) => ({
        name: `${name} ${key}`,
        colour: STEP_COLOURS[n % STEP_COLOURS.length],
        y: step[`${key}_ns`] ?? [],
        isOff,
        dash: isOff,
      }));
    return all.length
      ? { title: 'Steps', y: { format: show.ns, canBeLog: true }, series: [...of('p99', false), ...of('p50', true)] }
      : null;
  },
  (lines) =>
    resource(lines, 'CPU', { format: show.cores, tick: show.number }, [
      ['machine', 'machine_cpu', 'grey'],
      ['client', 'cpu', 'blue'],
      ['target', 'target_cpu', 'orange'],
    ]),
  (lines) =>
    resource(lines, 'Memory', { format: show.bytes, isTight: true }, [
      ['client', 'memory_bytes', 'blue'],
      ['target', 'target_memory_bytes', 'orange'],
    ]),
  (lines) =>
    resource(lines, 'Pressure', { format: show.ratio }, [
      ['busiest worker', 'worker_cpu_max', 'blue'],
      ['stolen CPU', 'steal', 'red'],
      ['throttled', 'throttled', 'orange'],
      ['waiting for CPU', 'pressure_cpu', 'teal'],
      ['for memory', 'pressure_memory', 'purple'],
      ['for disks', 'pressure_io', 'brown'],
    ]),
  (lines) =>
    resource(lines, 'Network', { format: show.bytesPerSecond }, [
      ['received', 'received_bytes_per_s', 'blue'],
      ['sent', 'sent_bytes_per_s', 'orange'],
      ['to itself', 'loopback_bytes_per_s', 'teal'],
    ]),
  (lines) =>
    resource(lines, 'Connections opened', { format: show.rate }, [
      ['opened', 'tcp_opened_per_s', 'blue'],
      ['failed', 'tcp_failed_opens_per_s', 'red'],
      ['retransmitted segments', 'tcp_retransmits_per_s', 'orange'],
    ]),
  (lines) =>
    resource(lines, 'Sockets and files', { format: show.count, isWhole: true }, [
      ['established', 'tcp_established', 'blue'],
      ['time-wait', 'tcp_time_wait', 'orange'],
      ['open files', 'open_files', 'teal'],
      ['of target', 'target_open_files', 'purple'],
    ]),
];

function resource(lines, title, y, columns) {
  const series = columns
    .map(([name, key, colour]) => ({ name, colour, y: lines.column(key) }))
    .filter((one) => hasSome(one.y));
  return series.length ? { title, y, series } : null;
}

/** Limits of response percentiles as lines. */
function latencyLimits(test) {
  const isLatency = ({ expression, limit }) =>
    isNumber(limit) && /^(abort\()?["“]?(p[\d.]+|max|median)\s*</.test(expression ?? '');
  return list(test.thresholds)
    .filter(isLatency)
    .map(({ expression, limit, held }) => ({ y: limit, label: expression, isHeld: held }));
}

/** A spec of the timeline with what all of them share. */
function onTime(spec, lines, marks) {
  const cursor = (at) => {
    const n = nearest(lines.middle, at);
    return `${show.seconds(lines.at[n])} – ${show.seconds(lines.ends[n])}`;
  };
  const series = spec.series.map((series) => ({ x: series.x ?? lines.middle, ...series }));
  const note =
    spec.note ??
    (lines.merged > 1 && spec.title === 'Response time'
      ? `each point is the worst of ${show.seconds(lines.ends[0] - lines.at[0])}`
      : null);
  return { ...spec, note, series, marks, x: { ...TIME, cursor } };
}

function timelineCharts(timeline, test, marks) {
  const lines = unpacked(timeline);
  const view = viewOf(lines);
  const specs = TIMELINE.map((of) => of(lines, test)).filter(Boolean);
  return { lines, view, charts: specs.map((spec) => new Chart(view, onTime(spec, lines, marks))) };
}

/** The line above the charts: which stretch is shown, and a way back to all of it. */
function timeBar(view) {
  const shown = el('span', { class: 'stretch' });
  const reset = el('button', { type: 'button', class: 'small reset', onclick: () => view.reset() }, 'Reset zoom');
  const tell = () => {
    shown.textContent = `${show.seconds(view.shown[0])} to ${show.seconds(view.shown[1])}`;
    reset.disabled = !view.isZoomed;
  };
  view.on('shown', tell);
  tell();
  return el(
    'p',
    { class: 'timebar' },
    shown,
    reset,
    el('span', { class: 'hint' }, 'Drag to zoom, double-click or Esc to reset; arrow keys move the cursor.'),
  );
}
