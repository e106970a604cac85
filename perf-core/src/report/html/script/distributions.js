// The charts that have no time on their axis: percentiles, histogram, latency against load, rounds, levels of a search.
'use strict';

const SPECTRUM = {
  ticks: () => NINES.map(([nines]) => nines),
  format: (nines) => (NINES.find(([tick]) => Math.abs(tick - nines) < 1e-6) ?? [0, showNines(nines)])[1],
};
const VALUES = { ticks: logTicks, format: show.ns, isLog: true };

function ninesOf({ spectrum, per_nine: each }) {
  return spectrum.map((_, n) => n / each);
}

/** `all` are { name, colour, of } with `of` a distribution; `baseline` has a band of quantiles. */
function spectrumChart(all, baseline) {
  const drawn = all.filter(({ of }) => of);
  if (!drawn.length) return null;
  const series = drawn.map(({ name, colour, of, dash }) => ({
    name,
    colour,
    dash,
    x: ninesOf(of),
    y: of.spectrum,
    reach: 0.2,
  }));
  const nines = list(baseline?.median).map((_, n) => -Math.log10(1 - (n + 0.5) / baseline.median.length));
  if (nines.length) {
    series.unshift(
      {
        name: 'baseline range',
        colour: 'grey',
        shape: 'band',
        x: nines,
        y: baseline.high,
        low: baseline.low,
        reach: 0.2,
      },
      { name: 'baseline (service)', colour: 'grey', dash: true, x: nines, y: baseline.median, reach: 0.2 },
    );
  }
  const last = Math.max(...series.map(({ x }) => x[x.length - 1] ?? 0), 1);
  const view = new View([0, Math.min(5, Math.max(2, last))], series[series.length - 1].x);
  const [least, most] = [
    Math.min(...series.map(({ y }) => extent(y)[0] ?? Infinity)),
    Math.max(...series.map(({ y }) => extent(y)[1] ?? 0)),
  ];
  const isLog = most > 12 * least;
  return new Chart(view, {
    title: 'Percentiles',
    height: 250,
    x: { ...SPECTRUM, cursor: showNines },
    y: { format: show.ns, isLog, canBeLog: true },
    series,
    summary: spectrumSummary(drawn),
  });
}

function spectrumSummary(drawn) {
  const at = (of, nines) => of.spectrum[Math.round(nines * of.per_nine)];
  const of = ({ name, of: distribution }) => {
    const known = [
      [0.3, 'p50'],
      [1, 'p90'],
      [2, 'p99'],
      [3, 'p99.9'],
    ].filter(([nines]) => isNumber(at(distribution, nines)));
    return `${name}: ${known.map(([nines, label]) => `${label} ${show.ns(at(distribution, nines))}`).join(', ')}`;
  };
  return `Percentiles. ${drawn.map(of).join('; ')}.`;
}

/** Bars of equal ratio; several distributions as steps over each other. */
function histogramChart(all) {
  const drawn = all.filter(({ of }) => of);
  if (!drawn.length) return null;
  const edges = ({ first, per_decade: each, bars }) =>
    bars.map((_, n) => [10 ** ((first + n) / each), 10 ** ((first + n + 1) / each)]);
  const series = drawn.map(({ name, colour, of }, n) => {
    const shape = n === 0 && drawn.length < 3 ? 'bars' : 'step';
    const [x, ends] = [0, 1].map((side) => edges(of).map((edge) => edge[side]));
    const isShare = drawn.length > 1;
    const y = isShare ? of.bars.map((count) => count / of.n) : of.bars;
    return { name, colour, x, ends, y, shape, isAlone: true };
  });
  const low = Math.min(...series.map(({ x }) => x[0]));
  const high = Math.max(...series.map(({ ends }) => ends[ends.length - 1]));
  const view = new View([low, Math.max(high, low * 1.5)], series[0].x);
  const format = drawn.length > 1 ? show.ratio : show.count;
  const cursor = (value) => {
    const n = series[0].x.findIndex((from, place) => value >= from && value < series[0].ends[place]);
    return n < 0 ? show.ns(value) : `${show.ns(series[0].x[n])} – ${show.ns(series[0].ends[n])}`;
  };
  return new Chart(view, {
    title: 'Histogram',
    note: drawn.length > 1 ? 'share of iterations' : 'iterations',
    height: 250,
    x: { ...VALUES, cursor },
    y: { format },
    series,
    summary: `Histogram of ${drawn.map(({ name, of }) => `${name}, ${show.count(of.n)} iterations between ${show.ns(edges(of)[0][0])} and ${show.ns(edges(of).at(-1)[1])}`).join('; ')}.`,
  });
}

/** One dot a point: p50 and p99 over what was offered, or over how many iterations ran where users set the pace. */
function scatterChart(lines, test, timeView) {
  const isOpen = test.load?.model !== 'closed' && test.load?.model !== 'iterations';
  const dropped = lines.column('dropped');
  const rate = lines.perSecond(
    lines.column('started').map((started, n) => (isNumber(started) ? started + (dropped[n] ?? 0) : null)),
  );
  const load = isOpen ? rate : lines.perSecond(lines.column('completed'));
  const order = load.map((_, n) => n).filter((n) => load[n] > 0 && isNumber(lines.column('p99_ns')[n]));
  if (order.length < 3) return null;
  order.sort((a, b) => load[a] - load[b]);
  const x = order.map((n) => load[n]);
  const of = (name, colour) => ({
    name,
    colour,
    x,
    y: order.map((n) => lines.column(`${name}_ns`)[n]),
    shape: 'dots',
  });
  const view = new View([0, linearDomain(x[x.length - 1] * 1.02)[1]], x);
  const name = isOpen ? 'offered' : 'completed';
  const chart = new Chart(view, {
    title: 'Response time against load',
    note: `over the rate ${name}, one dot a point`,
    height: 250,
    x: { ticks: linearTicks, format: show.rate },
    y: { format: show.ns, isLog: true, canBeLog: true },
    series: [of('p50', 'blue'), of('p99', 'orange')],
  });
  tieToTime(chart, timeView, lines, load);
  return chart;
}

/** The cursor over time rings its dots, and a pointer at a dot moves the cursor over time. */
function tieToTime(chart, timeView, lines, load) {
  const p99 = lines.column('p99_ns');
  timeView.on('cursor', () => {
    const n = timeView.cursor === null ? null : nearest(lines.middle, timeView.cursor);
    chart.spots =
      n === null
        ? []
        : [
            { x: load[n], y: lines.column('p50_ns')[n] },
            { x: load[n], y: p99[n] },
          ];
    chart.drawCursor();
  });
  chart.svg.addEventListener('pointermove', (event) => {
    if (!chart.x) return;
    const { left, top } = chart.svg.getBoundingClientRect();
    const distance = (n) =>
      Math.hypot(chart.x.of(load[n]) - (event.clientX - left), chart.y.of(p99[n]) - (event.clientY - top));
    const there = load.map((_, n) => n).filter((n) => load[n] > 0 && isNumber(p99[n]));
    const closest = there.reduce((best, n) => (distance(n) < distance(best) ? n : best), there[0]);
    timeView.point(distance(closest) < 24 ? lines.middle[closest] : null);
  });
}

/** Rounds of the baseline's sessions, then those of this run: a column of dots each, and a dash at their median. */
function roundsChart(rounds, baseline, comparison) {
  const { metric, unit } = rounds;
  const columns = [
    ...list(rounds.baseline).map((values) => ({ values: list(values), isOld: true })),
    ...list(rounds.sessions).map((values) => ({ values, isOld: false })),
  ];
  const dots = (isOld) =>
    columns.flatMap(({ values, isOld: old }, n) =>
      old === isOld
        ? values.map((value, k) => [n + (values.length > 1 ? (k / (values.length - 1) - 0.5) * 0.55 : 0), value])
        : [],
    );
  const medians = (isOld) =>
    columns.flatMap(({ values, isOld: old }, n) => (old === isOld && values.length ? [[n, middleOf(values)]] : []));
  const of = (name, colour, points, shape) => ({
    name,
    colour,
    shape,
    x: points.map(([x]) => x),
    y: points.map(([, y]) => y),
    reach: 0.5,
  });
  const series = [of('this run', 'blue', dots(false), 'dots'), of('median', 'red', medians(false), 'dots')];
  if (list(rounds.baseline).length)
    series.unshift(of('baseline', 'grey', dots(true), 'dots'), of('its medians', 'brown', medians(true), 'dots'));
  const compared = list(comparison?.metrics).find((one) => one.metric === metric);
  const limits =
    compared && isNumber(compared.baseline)
      ? [{ y: compared.baseline, label: `baseline ${showUnit(compared.baseline, unit)}`, isHeld: true }]
      : [];
  const sessions = list(baseline?.sessions);
  const name = (n) => {
    const at = Math.round(n);
    if (at < sessions.length)
      return `${showMoment(sessions[at].recorded)}${sessions[at].commit ? `, ${sessions[at].commit.slice(0, 9)}` : ''}`;
    return columns.length - sessions.length > 1 ? `session ${at - sessions.length + 1} of this run` : 'this run';
  };
  const ticks = () => columns.map((_, n) => n);
  const format = (n) =>
    n < sessions.length
      ? `−${sessions.length - n}`
      : columns.length - sessions.length > 1
        ? `now ${n - sessions.length + 1}`
        : 'now';
  const view = new View(
    [-0.6, columns.length - 0.4],
    columns.map((_, n) => n),
  );
  const shown = (value) => showUnit(value, unit);
  return new Chart(view, {
    title: `Rounds: ${metric}`,
    note: sessions.length ? `beside ${sessions.length} baseline session${sessions.length > 1 ? 's' : ''}` : null,
    height: 250,
    x: { ticks: (domain, about) => thinned(ticks(), about), format, cursor: name },
    y: { format: shown, isTight: true },
    series,
    limits,
  });
}

function thinned(ticks, about) {
  const each = Math.max(1, Math.ceil(ticks.length / about));
  return ticks.filter((_, n) => (ticks.length - 1 - n) % each === 0);
}

function middleOf(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** p99 over the rates that a search looked at. */
function capacityChart(capacity) {
  const levels = list(capacity?.levels)
    .filter(({ rate_per_s: rate }) => isNumber(rate))
    .slice()
    .sort((a, b) => a.rate_per_s - b.rate_per_s);
  if (!levels.length) return null;
  const of = (name, colour, held) => {
    const some = levels.filter((level) => level.held === held && isNumber(level.p99_ns));
    return {
      name,
      colour,
      shape: 'dots',
      x: some.map((level) => level.rate_per_s),
      y: some.map((level) => level.p99_ns),
      reach: Infinity,
    };
  };
  const series = [
    of('kept', 'teal', 'kept'),
    of('broken', 'red', 'broken'),
    of('spoiled by the generator', 'grey', 'spoiled'),
  ].filter(({ x }) => x.length);
  const marks = [];
  if (isNumber(capacity.rate_per_s))
    marks.push({
      from: capacity.rate_per_s,
      kind: 'info',
      flag: 'C',
      label: `capacity ${show.rate(capacity.rate_per_s)}`,
    });
  if (isNumber(capacity.knee_per_s))
    marks.push({
      from: capacity.knee_per_s,
      kind: 'warning',
      flag: 'K',
      label: `knee ${show.rate(capacity.knee_per_s)}`,
    });
  const rates = levels.map(({ rate_per_s: rate }) => rate);
  const [low, high] = logDomain(rates[0] * 0.95, rates[rates.length - 1] * 1.05);
  return new Chart(new View([low, high], rates), {
    title: 'Levels of the search',
    note: 'p99 by rate; C capacity, K knee',
    height: 250,
    x: { ticks: logTicks, format: show.rate, isLog: true },
    y: { format: show.ns, isLog: true, canBeLog: true },
    series,
    marks,
  });
}
