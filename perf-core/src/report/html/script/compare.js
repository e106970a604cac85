// One test in several runs: each run has a colour, and each chart a line per run.
'use strict';

const RUN_COLOURS = ['blue', 'orange', 'teal', 'red', 'purple', 'brown', 'grey'];
const colourOf = (run) => RUN_COLOURS[run % RUN_COLOURS.length];

/** `all` are { run, name, detail }, the first of them what the others are held against. */
function comparedBody(all) {
  const time = all
    .filter(({ detail }) => detail.timeline)
    .map((one) => ({ ...one, lines: unpacked(one.detail.timeline) }));
  return el(
    'div',
    { class: 'body' },
    el(
      'div',
      { class: 'lead' },
      ...all.map(({ run, name, detail: { test } }) =>
        el(
          'p',
          { class: 'load' },
          runName(run, name),
          ' ',
          badge(test.verdict),
          ' ',
          list(test.reasons).join('; ') || test.load?.description,
        ),
      ),
    ),
    comparedTable(all),
    time.length ? comparedTime(time) : null,
    comparedDistributions(all),
    comparedFindings(all),
  );
}

function runName(run, name) {
  return el(
    'span',
    { class: 'run' },
    el('span', { class: 'swatch line', style: `--c:var(--${colourOf(run)})`, 'aria-hidden': 'true' }),
    name,
  );
}

const COMPARED = [
  ['throughput', (test) => test.throughput_per_s, show.rate],
  ['capacity', (test) => test.capacity?.rate_per_s, show.rate],
  ['errors', (test) => test.error_ratio, show.ratio],
  ...['p50', 'p90', 'p99', 'p99.9', 'max'].map((key) => [
    `response ${key}`,
    (test) => test.response_ns?.[key],
    show.ns,
  ]),
  ...['p50', 'p95', 'p99'].map((key) => [`service ${key}`, (test) => test.service_ns?.[key], show.ns]),
  ['CPU per iteration', (test) => test.resources?.target?.cpu_per_iteration_ns, show.ns],
  ['client memory', (test) => test.resources?.client?.memory_bytes?.max, show.bytes],
];

function comparedTable(all) {
  const rows = COMPARED.map(([name, of, format]) => {
    const values = all.map(({ detail }) => of(detail.test));
    const cell = (value, n) =>
      n === 0 || !isNumber(value) || !(values[0] > 0)
        ? format(value)
        : el('span', {}, format(value), el('span', { class: 'note' }, changeText(value / values[0] - 1)));
    return values.some(isNumber) ? [name, ...values.map(cell)] : null;
  });
  const head = ['', ...all.map(({ run, name }) => ({ name: runName(run, name), isNumber: true }))];
  return table('Side by side', head, rows.filter(Boolean), {
    note: 'changes from the first run; one run each decides nothing',
  });
}

const COMPARED_CHARTS = [
  ['Completed', (lines) => lines.perSecond(lines.column('completed')), show.rate],
  ['Response p50', (lines) => lines.column('p50_ns'), show.ns],
  ['Response p99', (lines) => lines.column('p99_ns'), show.ns],
  ['Longest response', (lines) => lines.column('max_ns'), show.ns],
  [
    'Errors',
    (lines) => lines.at.map((_, n) => pairs(lines.errors).reduce((sum, [, counts]) => sum + (counts[n] ?? 0), 0)),
    show.count,
  ],
  ['In flight', (lines) => lines.column('in_flight'), show.count],
  ['Client CPU', (lines) => lines.column('cpu'), show.cores],
  ['Client memory', (lines) => lines.column('memory_bytes'), show.bytes],
];

function comparedTime(all) {
  const longest = all.reduce((best, one) => (one.lines.ends.at(-1) > best.lines.ends.at(-1) ? one : best), all[0]);
  const view = viewOf(longest.lines);
  const charts = COMPARED_CHARTS.map(([title, of, format]) => {
    const series = all.map(({ run, name, lines }) => ({
      name,
      colour: colourOf(run),
      x: lines.middle,
      y: of(lines),
    }));
    const isLatency = format === show.ns;
    return series.some(({ y }) => hasSome(y))
      ? new Chart(view, onTime({ title, y: { format, canBeLog: isLatency }, series }, longest.lines, []))
      : null;
  });
  return el(
    'section',
    {},
    el('h3', {}, 'Over time'),
    timeBar(view),
    el('div', { class: 'charts' }, ...charts.filter(Boolean).map(({ element }) => element)),
  );
}

function comparedDistributions(all) {
  const of = (key) =>
    all.map(({ run, name, detail }) => ({ name, colour: colourOf(run), of: detail.test.histograms?.[key] }));
  const charts = [
    spectrumChart(of('response_ns'), null),
    histogramChart(of('response_ns')),
    ...comparedRounds(all),
  ].filter(Boolean);
  return charts.length
    ? el(
        'section',
        {},
        el('h3', {}, 'Distribution of response time'),
        el('div', { class: 'charts' }, ...charts.map(({ element }) => element)),
      )
    : null;
}

/** The rounds of each run's first session, in a column each. */
function comparedRounds(all) {
  const metrics = list(all[0].detail.test.rounds).map(({ metric }) => metric);
  return metrics.map((metric) => {
    const rounds = all.map(({ detail }) => list(detail.test.rounds).find((one) => one.metric === metric));
    const series = rounds.map((one, n) => {
      const values = list(one?.sessions?.[0]);
      return {
        name: all[n].name,
        colour: colourOf(all[n].run),
        shape: 'dots',
        x: values.map((_, k) => n + (values.length > 1 ? (k / (values.length - 1) - 0.5) * 0.6 : 0)),
        y: values,
        reach: 0.5,
      };
    });
    const unit = rounds.find(Boolean).unit;
    const format = (n) => all[Math.round(n)]?.name ?? '';
    return new Chart(
      new View(
        [-0.6, all.length - 0.4],
        all.map((_, n) => n),
      ),
      {
        title: `Rounds: ${metric}`,
        height: 250,
        x: { ticks: () => all.map((_, n) => n), format },
        y: { format: (value) => showUnit(value, unit), isTight: true },
        series,
      },
    );
  });
}

function comparedFindings(all) {
  const some = all.filter(({ detail }) => list(detail.test.findings).length);
  return some.length
    ? el(
        'section',
        {},
        ...some.map(({ name, detail }) =>
          el(
            'div',
            {},
            el('h3', {}, name),
            findingsList(detail.test, () => {}),
          ),
        ),
      )
    : null;
}
