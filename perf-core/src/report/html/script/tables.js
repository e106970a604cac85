// The tables of a test. Each takes the test as report.json has it, and gives an element, or null where there is nothing.
'use strict';

/** `head` are names, or { name, isNumber }; a row is a list of cells: text, an element, or null for what is not known. */
function table(caption, head, rows, options = {}) {
  const columns = head.map((column) => (typeof column === 'string' ? { name: column } : column));
  const cell = (content, n, row) => {
    const attributes = { class: columns[n].isNumber ? 'number' : null };
    const text = content === null || content === undefined ? NONE : content;
    return n === 0 && !options.isPlain
      ? el('th', { scope: 'row', ...attributes }, text)
      : el('td', attributes, text, row?.note);
  };
  const body = rows.map((row) => el('tr', { class: row.kind }, ...row.map((content, n) => cell(content, n))));
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el(
      'table',
      {},
      el('caption', {}, caption, options.note && el('span', { class: 'note' }, options.note)),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...columns.map(({ name, isNumber: number }) =>
            el('th', { scope: 'col', class: number ? 'number' : null }, name),
          ),
        ),
      ),
      el('tbody', {}, ...body),
    ),
  );
}

const number = (name) => ({ name, isNumber: true });
const held = (isHeld) =>
  el('span', { class: isHeld ? 'good' : 'bad' }, isHeld ? '✓ ' : '✗ ', el('span', {}, isHeld ? 'held' : 'broken'));

function thresholdsTable(test) {
  const all = list(test.thresholds);
  if (!all.length) return null;
  const row = (limit) =>
    Object.assign(
      [
        el('span', {}, el('code', {}, limit.expression), limit.implicit && el('span', { class: 'note' }, 'implicit')),
        isNumber(limit.actual) ? showUnit(limit.actual, limit.unit) : 'no data',
        el(
          'span',
          {},
          held(limit.held),
          isNumber(limit.aborted_at_s) &&
            el('span', { class: 'note' }, `ended the test at ${show.seconds(limit.aborted_at_s)}`),
        ),
      ],
      { kind: limit.held ? null : 'broken' },
    );
  return table('Thresholds', ['Limit', number('Actual'), 'Outcome'], all.map(row));
}

const CHANGES = { regressed: 'bad', improved: 'good', unchanged: 'quiet', unresolved: 'doubt' };

function comparisonTable(test) {
  const { comparison } = test;
  const metrics = list(comparison?.metrics);
  const others = notCompared(comparison);
  if (!metrics.length) return others;
  const units = Object.fromEntries(list(test.rounds).map(({ metric, unit }) => [metric, unit]));
  const row = (one) => {
    const value = (of) => showUnit(of, one.unit ?? units[one.metric]);
    const doubts = list(one.doubts);
    return Object.assign(
      [
        el('code', {}, one.metric),
        value(one.baseline),
        value(one.current),
        changeText(one.change),
        isNumber(one.interval?.[0]) ? `${show.change(one.interval[0])} to ${show.change(one.interval[1])}` : null,
        el(
          'span',
          { class: CHANGES[one.verdict] },
          one.verdict,
          doubts.length > 0 && el('span', { class: 'why' }, doubts.join('; ')),
        ),
        isNumber(one.smallest_detectable_change) ? show.ratio(one.smallest_detectable_change) : null,
      ],
      { kind: one.verdict === 'regressed' ? 'broken' : null },
    );
  };
  const note = `${comparison.sessions ?? 0} session${comparison.sessions === 1 ? '' : 's'}, level ${comparison.level ?? NONE}`;
  const head = [
    'Metric',
    number('Baseline'),
    number('This run'),
    number('Change'),
    number('95 % interval'),
    'Verdict',
    number('Smallest detectable'),
  ];
  return el('div', {}, table('Against the baseline', head, metrics.map(row), { note }), others);
}

/** The metrics that were to be compared, and why they were not. */
function notCompared(comparison) {
  const all = list(comparison?.not_compared);
  const item = ({ metric, reason }) => el('li', {}, 'Not compared: ', el('code', {}, metric), `, ${reason}`);
  return all.length ? el('ul', { class: 'reasons quiet' }, ...all.map(item)) : null;
}

function changeText(change) {
  if (!isNumber(change)) return NONE;
  const arrow = Math.abs(change) < 0.0005 ? '→' : change > 0 ? '↑' : '↓';
  return el('span', {}, el('span', { 'aria-hidden': 'true' }, `${arrow} `), show.change(change));
}

function latencyTable(test) {
  const all = [
    ['Response', test.response_ns],
    ['Service', test.service_ns],
    ['Lag', test.lag_ns],
    ['Failed', test.failed_ns],
    ['Warm-up', test.warmup?.response_ns],
  ];
  const known = all.filter(([, times]) => isNumber(times?.max));
  if (!known.length) return null;
  const keys = ['min', 'mean', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99.9', 'p99.99', 'max'];
  return table(
    'Times',
    ['', ...keys.map(number)],
    known.map(([name, times]) => [name, ...keys.map((key) => show.ns(times[key]))]),
  );
}

/** A button that puts the cursor at a moment. */
function jump(at, go) {
  return isNumber(at)
    ? el(
        'button',
        { type: 'button', class: 'jump', onclick: () => go(at), title: 'Show this moment in the charts' },
        show.seconds(at),
      )
    : null;
}

function errorsTable(test, go) {
  const rows = list(test.errors).flatMap((error) => {
    const messages = list(error.messages).length
      ? error.messages
      : [
          {
            message: error.first_message,
            count: error.count,
            first_at_s: error.first_at_s,
            last_at_s: error.last_at_s,
          },
        ];
    return messages.map((one, n) => [
      n === 0
        ? el(
            'span',
            {},
            el('code', {}, error.category),
            messages.length > 1 && el('span', { class: 'note' }, `${show.count(error.count)} in all`),
          )
        : '',
      show.count(one.count),
      el(
        'span',
        { class: 'message' },
        one.message ?? NONE,
        one.example && one.example !== one.message && el('span', { class: 'note' }, `such as ${one.example}`),
      ),
      jump(one.first_at_s, go),
      jump(one.last_at_s, go),
    ]);
  });
  return rows.length
    ? table('Errors', ['Category', number('Count'), 'Message', number('First at'), number('Last at')], rows)
    : null;
}

function slowestTable(test, go) {
  const steps = (one) =>
    list(one.steps)
      .map(({ name, duration_ns: took }) => `${name} ${show.ns(took)}`)
      .join(', ');
  const row = (one) => [
    jump(one.at_s, go),
    show.ns(one.response_ns),
    show.ns(one.lag_ns),
    el('span', { class: one.outcome === 'succeeded' ? null : 'bad', title: one.message }, one.outcome ?? NONE),
    isNumber(one.user) ? String(one.user) : null,
    isNumber(one.iteration) ? one.iteration.toLocaleString('en') : null,
    list(one.steps).length ? el('span', { class: 'message' }, steps(one)) : null,
    show.count(one.meanwhile?.in_flight),
    show.ns(one.meanwhile?.p50_ns),
    show.cores(one.meanwhile?.machine_cpu),
  ];
  const head = [
    'At',
    number('Response'),
    number('Of it lag'),
    'Outcome',
    number('User'),
    number('Iteration'),
    'Steps',
    number('In flight then'),
    number('p50 then'),
    number('Machine CPU then'),
  ];
  return list(test.slowest).length ? table('Slowest iterations', head, test.slowest.map(row)) : null;
}

function capacityTable(test) {
  const levels = list(test.capacity?.levels)
    .slice()
    .sort((a, b) => a.rate_per_s - b.rate_per_s);
  const outcome = (level) =>
    el(
      'span',
      { class: { kept: 'good', broken: 'bad' }[level.held] ?? 'doubt' },
      level.held,
      level.broken?.length ? `: ${level.broken.join('; ')}` : '',
    );
  const row = (level) => [
    show.rate(level.rate_per_s),
    show.rate(level.offered_per_s),
    show.ns(level.p50_ns),
    show.ns(level.p99_ns),
    show.ratio(level.error_ratio),
    outcome(level),
  ];
  return levels.length
    ? table(
        'Levels of the search',
        [number('Rate'), number('Offered'), number('p50'), number('p99'), number('Errors'), 'Outcome'],
        levels.map(row),
      )
    : null;
}

function countsTable(test) {
  const { counts, warmup } = test;
  if (!counts) return null;
  const keys = ['planned', 'started', 'completed', 'succeeded', 'failed', 'timed_out', 'dropped', 'interrupted'];
  const rows = [
    ['Measured', counts],
    ['Warm-up', warmup?.counts],
  ].filter(([, of]) => of && (of === counts || of.started > 0));
  return table(
    'Iterations',
    ['', ...keys.map((key) => number(key.replace('_', ' ')))],
    rows.map(([name, of]) => [name, ...keys.map((key) => show.count(of[key]))]),
  );
}
