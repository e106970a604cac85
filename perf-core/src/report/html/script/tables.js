// The tables of a test. Each takes the test as report.json has it, and gives an element, or null where there is nothing.
'use strict';

/** `head` are names, or { name, isNumber }; a row is a list of cells: text, an element, or null for what is not known. */
function table(caption, head, rows, options = {}) {
  const columns = head.map((column) => (typeof column === 'string' ? { name: column } : column));
  const cell = (content, n, row) => {
    const attributes = { class: columns[n].isNumber ? 'number' : null };
    const text = content === null || content === undefined ? NONE : content;
    return n === 0 && !options.isPlain ? el('th', { scope: 'row', ...attributes }, text) : el('td', attributes, text, row?.note);
  };
  const body = rows.map((row) => el('tr', { class: row.kind }, ...row.map((content, n) => cell(content, n))));
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', {}, el('caption', {}, caption, options.note && el('span', { class: 'note' }, options.note)),
      el('thead', {}, el('tr', {}, ...columns.map(({ name, isNumber: number }) => el('th', { scope: 'col', class: number ? 'number' : null }, name)))),
      el('tbody', {}, ...body)));
}

const number = (name) => ({ name, isNumber: true });
const held = (isHeld) => el('span', { class: isHeld ? 'good' : 'bad' }, isHeld ? '✓ ' : '✗ ', el('span', {}, isHeld ? 'held' : 'broken'));

function thresholdsTable(test) {
  const all = list(test.thresholds);
  if (!all.length) return null;
  const row = (limit) => Object.assign([
    el('span', {}, el('code', {}, limit.expression), limit.implicit && el('span', { class: 'note' }, 'implicit')),
    isNumber(limit.actual) ? showUnit(limit.actual, limit.unit) : 'no data',
    el('span', {}, held(limit.held), isNumber(limit.aborted_at_s) && el('span', { class: 'note' }, `ended the test at ${show.seconds(limit.aborted_at_s)}`)),
  ], { kind: limit.held ? null : 'broken' });
  return table('Thresholds', ['Limit', number('Actual'), 'Outcome'], all.map(row));
}

const CHANGES = { regressed: 'bad', improved: 'good', unchanged: 'quiet', unresolved: 'doubt' };

function comparisonTable(test) {
  const { comparison } = test;
  const metrics = list(comparison?.metrics);
  if (!metrics.length) return null;
  const units = Object.fromEntries(list(test.rounds).map(({ metric, unit }) => [metric, unit]));
  const row = (one) => {
    const value = (of) => showUnit(of, units[one.metric]);
    return Object.assign([
      el('code', {}, one.metric), value(one.baseline), value(one.current), changeText(one.change),
      isNumber(one.interval?.[0]) ? `${show.change(one.interval[0])} to ${show.change(one.interval[1])}` : null,
      el('span', { class: CHANGES[one.verdict] }, one.verdict), isNumber(one.smallest_detectable_change) ? show.ratio(one.smallest_detectable_change) : null,
    ], { kind: one.verdict === 'regressed' ? 'broken' : null });
  };
  const note = `${comparison.sessions ?? 0} session${comparison.sessions === 1 ? '' : 's'}, level ${comparison.level ?? NONE}`;
  const head = ['Metric', number('Baseline'), number('This run'), number('Change'), number('95 % interval'), 'Verdict', number('Smallest detectable')];
  return table('Against the baseline', head, metrics.map(row), { note });
}

function changeText(change) {
  if (!isNumber(change)) return NONE;
  const arrow = Math.abs(change) < 0.0005 ? '→' : change > 0 ? '↑' : '↓';
  return el('span', {}, el('span', { 'aria-hidden': 'true' }, `${arrow} `), show.change(change));
}

function latencyTable(test) {
  const all = [['Response', test.response_ns], ['Service', test.service_ns], ['Lag', test.lag_ns], ['Failed', test.failed_ns], ['Warm-up', test.warmup?.response_ns]];
  const known = all.filter(([, times]) => isNumber(times?.max));
  if (!known.length) return null;
  const keys = ['min', 'mean', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99.9', 'p99.99', 'max'];
  return table('Times', ['', ...keys.map(number)], known.map(([name, times]) => [name, ...keys.map((key) => show.ns(times[key]))]));
}

/** A button that puts the cursor at a moment. */
function jump(at, go) {
  return isNumber(at) ? el('button', { type: 'button', class: 'jump', onclick: () => go(at), title: 'Show this moment in the charts' }, show.seconds(at)) : null;
}

function errorsTable(test, go) {
  const rows = list(test.errors).flatMap((error) => {
    const messages = list(error.messages).length ? error.messages : [{ message: error.first_message, count: error.count, first_at_s: error.first_at_s, last_at_s: error.last_at_s }];
    return messages.map((one, n) => [
      n === 0 ? el('span', {}, el('code', {}, error.category), messages.length > 1 && el('span', { class: 'note' }, `${show.count(error.count)} in all`)) : '',
      show.count(one.count), el('span', { class: 'message' }, one.message ?? NONE, one.example && one.example !== one.message && el('span', { class: 'note' }, `such as ${one.example}`)),
      jump(one.first_at_s, go), jump(one.last_at_s, go),
    ]);
  });
  return rows.length ? table('Errors', ['Category', number('Count'), 'Message', number('First at'), number('Last at')], rows) : null;
}

function slowestTable(test, go) {
  const steps = (one) => list(one.steps).map(({ name, duration_ns: took }) => `${name} ${show.ns(took)}`).join(', ');
  const row = (one) => [
    jump(one.at_s, go), show.ns(one.response_ns), show.ns(one.lag_ns),
    el('span', { class: one.outcome === 'succeeded' ? null : 'bad', title: one.message }, one.outcome ?? NONE), isNumber(one.user) ? String(one.user) : null,
    isNumber(one.iteration) ? one.iteration.toLocaleString('en') : null, steps(one) || null, show.count(one.meanwhile?.in_flight), show.ns(one.meanwhile?.p50_ns),
  ];
  const head = ['At', number('Response'), number('Of it lag'), 'Outcome', number('User'), number('Iteration'), 'Steps', number('In flight then'), number('p50 then')];
  return list(test.slowest).length ? table('Slowest iterations', head, test.slowest.map(row)) : null;
}

function stepsTable(test) {
  const row = ([name, { counts, duration_ns: took }]) => [name, show.count(counts?.completed), show.count(counts?.interrupted), ...['mean', 'p50', 'p90', 'p99', 'max'].map((key) => show.ns(took?.[key]))];
  const all = pairs(test.steps);
  return all.length ? table('Steps', ['Step', number('Completed'), number('Interrupted'), ...['mean', 'p50', 'p90', 'p99', 'max'].map(number)], all.map(row)) : null;
}

function checksTable(test) {
  const all = pairs(test.checks);
  const row = ([name, { held: kept, broken }]) => Object.assign([name, show.count(kept), show.count(broken), show.ratio(kept + broken ? kept / (kept + broken) : NaN)], { kind: broken ? 'broken' : null });
  return all.length ? table('Checks', ['Check', number('Held'), number('Broken'), number('Held of all')], all.map(row)) : null;
}

function metricsTable(test) {
  const all = pairs(test.metrics);
  const trend = (values, format) => ['mean', 'p50', 'p99', 'max'].map((key) => `${key} ${format(values[key])}`).join(', ');
  const told = (one) => {
    if (one.value_ns) return trend(one.value_ns, show.ns);
    if (one.value) return trend(one.value, show.number);
    if (one.kind === 'counter') return `sum ${show.number(one.sum)}`;
    if (one.kind === 'rate') return `${show.ratio(one.ratio)} (${show.count(one.hits)} hits)`;
    return ['last', 'min', 'mean', 'max'].filter((key) => isNumber(one[key])).map((key) => `${key} ${show.number(one[key])}`).join(', ');
  };
  return all.length ? table('Metrics of the test', ['Metric', 'Kind', number('Readings'), 'Values'], all.map(([name, one]) => [name, one.kind, show.count(one.count), told(one)])) : null;
}

function tagsTable(test) {
  const row = (name, value, one) => [`${name} = ${value}`, show.count(one.counts?.succeeded), show.count(one.counts?.failed), ...['p50', 'p90', 'p99', 'max'].map((key) => show.ns(one.response_ns?.[key]))];
  const rows = pairs(test.tags).flatMap(([name, values]) => pairs(values).map(([value, one]) => row(name, value, one)));
  return rows.length ? table('Tags', ['Tag', number('Succeeded'), number('Failed'), ...['p50', 'p90', 'p99', 'max'].map(number)], rows) : null;
}

function capacityTable(test) {
  const levels = list(test.capacity?.levels).slice().sort((a, b) => a.rate_per_s - b.rate_per_s);
  const outcome = (level) => el('span', { class: { kept: 'good', broken: 'bad' }[level.held] ?? 'doubt' }, level.held, level.broken?.length ? `: ${level.broken.join('; ')}` : '');
  const row = (level) => [show.rate(level.rate_per_s), show.rate(level.offered_per_s), show.ns(level.p50_ns), show.ns(level.p99_ns), show.ratio(level.error_ratio), outcome(level)];
  return levels.length ? table('Levels of the search', [number('Rate'), number('Offered'), number('p50'), number('p99'), number('Errors'), 'Outcome'], levels.map(row)) : null;
}

function countsTable(test) {
  const { counts, warmup } = test;
  if (!counts) return null;
  const keys = ['planned', 'started', 'completed', 'succeeded', 'failed', 'timed_out', 'dropped', 'interrupted'];
  const rows = [['Measured', counts], ['Warm-up', warmup?.counts]].filter(([, of]) => of && (of === counts || of.started > 0));
  return table('Iterations', ['', ...keys.map((key) => number(key.replace('_', ' ')))], rows.map(([name, of]) => [name, ...keys.map((key) => show.count(of[key]))]));
}

function resourcesTable(test) {
  const format = (key) => (key.endsWith('_ns') ? show.ns : /bytes_per_s$/.test(key) ? show.bytesPerSecond : key.endsWith('bytes') ? show.bytes : key.endsWith('_per_s') ? show.rate
    : /cpu$/.test(key) && !/pressure|worker/.test(key) ? show.cores : /pressure|steal|throttled|worker/.test(key) ? show.ratio : show.count);
  const rows = ['client', 'target'].flatMap((who) => pairs(test.resources?.[who]).filter(([, value]) => value !== null).map(([key, value]) => {
    const shown = (of) => (isNumber(of) ? format(key)(of) : null);
    return [`${who}: ${key.replace(/_(ns|bytes|per_s)$/g, '').replaceAll('_', ' ')}`, shown(isNumber(value) ? value : value.mean), isNumber(value) ? null : shown(value.max)];
  }));
  return rows.length ? table('Resources', ['', number('Mean'), number('Highest')], rows) : null;
}

function alertsTable(test) {
  const all = list(test.alerts);
  return all.length ? table('Alerts', ['Kind', 'When', 'Message'], all.map((alert) => [alert.kind, isNumber(alert.after_s) ? `after ${show.seconds(alert.after_s)}` : showMoment(alert.at), alert.message])) : null;
}

function preparationTable(test) {
  const { preparation, generator, load } = test;
  const facts = [
    ['set-up', preparation?.setup_s, showLength], ['waiting until ready', preparation?.ready_s, showLength], ['workers', load?.workers, String], ['seed', load?.seed, String],
    ['users set up', preparation?.users, String], ['users that failed', preparation?.users_failed, String], ['planned rate', generator?.planned_per_s, show.rate], ['offered rate', generator?.offered_per_s, show.rate],
    ['late starts', generator?.late_starts, show.count], ['lag p99', generator?.lag_p99_ns, show.ns], ['lag allowed', generator?.lag_bound_ns, show.ns],
    ['busiest worker', generator?.worker_cpu, (value) => (isNumber(value) ? show.ratio(value) : list(value).map((one) => show.ratio(one)).join(', '))],
    ['addresses', list(preparation?.addresses).length ? preparation.addresses : null, (all) => list(all).map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ')],
  ];
  const rows = facts.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value, format]) => [name, format(value)]);
  return rows.length ? table('Generator and preparation', ['', ''], rows) : null;
}
