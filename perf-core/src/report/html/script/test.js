// One test: from what its `<script>` holds to everything there is to see of it.
'use strict';

const GLYPHS = { passed: '✓', failed: '✗', inconclusive: '?', skipped: '–' };

function badge(verdict) {
  return el(
    'span',
    { class: `verdict ${verdict in GLYPHS ? verdict : 'skipped'}` },
    el('span', { 'aria-hidden': 'true' }, GLYPHS[verdict] ?? '·'),
    el('span', { class: 'word' }, ` ${verdict ?? 'unknown'}`),
  );
}

function tile(name, value, note, kind) {
  return el(
    'div',
    { class: `tile ${kind ?? ''}` },
    el('dt', {}, name),
    el('dd', {}, value, note && el('span', { class: 'note' }, note)),
  );
}

/** The numbers that most people look for. */
function tiles(test) {
  const { counts, response_ns: times } = test;
  if (!counts) return null;
  const lost = (counts.dropped ?? 0) + (counts.interrupted ?? 0);
  return el(
    'dl',
    { class: 'tiles' },
    isNumber(test.capacity?.rate_per_s) &&
      tile('capacity', show.rate(test.capacity.rate_per_s), list(test.capacity.limits).join(', ')),
    tile(
      'throughput',
      show.rate(test.throughput_per_s),
      isNumber(test.generator?.planned_per_s) && `of ${show.rate(test.generator.planned_per_s)} planned`,
    ),
    tile('p50', show.ns(times?.p50)),
    tile('p99', show.ns(times?.p99)),
    tile('max', show.ns(times?.max)),
    tile(
      'errors',
      show.ratio(test.error_ratio),
      test.error_count ? `${show.count(test.error_count)} of ${show.count(counts.planned)}` : null,
      test.error_count ? 'bad' : null,
    ),
    tile(
      'iterations',
      show.count(counts.completed),
      lost ? `${show.count(lost)} dropped or interrupted` : null,
      lost ? 'doubt' : null,
    ),
  );
}

/** Fills an opened test. */
function testBody({ test, timeline }) {
  const marks = marksOf(test, timeline ? unpacked(timeline).ends.at(-1) : 0);
  const time = timeline ? timelineCharts(timeline, test, marks) : null;
  const timeSection =
    time &&
    el(
      'section',
      { class: 'over-time' },
      el('h3', {}, 'Over time'),
      timeBar(time.view),
      el('div', { class: 'charts' }, ...time.charts.map(({ element }) => element)),
    );
  const go = (at) => {
    if (!time) return;
    time.view.goTo(at);
    timeSection.scrollIntoView({
      block: 'start',
      behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth',
    });
    time.charts[0].svg.focus({ preventScroll: true });
    say(`Charts show ${show.seconds(at)}`);
  };
  return el(
    'div',
    { class: 'body' },
    reasonsOf(test),
    tiles(test),
    group('pairs', thresholdsTable(test), comparisonTable(test)),
    findingsList(test, go),
    timeSection,
    distributions(test, time),
    group(
      'tables',
      errorsTable(test, go),
      slowestTable(test, go),
      latencyTable(test),
      countsTable(test),
      capacityTable(test),
    ),
    group(
      'tables small',
      stepsTable(test),
      tagsTable(test),
      checksTable(test),
      metricsTable(test),
      alertsTable(test),
    ),
    folded(
      'Generator, preparation and resources',
      group('tables small', preparationTable(test), resourcesTable(test)),
    ),
  );
}

function group(kind, ...all) {
  const there = all.filter(Boolean);
  return there.length ? el('div', { class: kind }, ...there) : null;
}

function folded(title, content) {
  return content && el('details', { class: 'fold' }, el('summary', {}, title), content);
}

function reasonsOf(test) {
  const reasons = list(test.reasons);
  const notes = list(test.notes);
  const members = list(test.members);
  return el(
    'div',
    { class: 'lead' },
    test.load?.description
      ? el('p', { class: 'load' }, sentence(test.load.description))
      : el('p', { class: 'load' }, 'It has no numbers: no load was measured.'),
    test.file &&
      el('p', { class: 'load' }, el('code', {}, `${test.file}${isNumber(test.line) ? `:${test.line}` : ''}`)),
    test.scenario &&
      el(
        'p',
        { class: 'load' },
        members.length
          ? `The whole of the scenario: ${members.join(', ')}.`
          : `Part of the scenario ${test.scenario}.`,
      ),
    test.resources?.bound_by?.message && el('p', { class: 'load' }, sentence(test.resources.bound_by.message)),
    test.partial === true && el('p', { class: 'doubt' }, 'It ended early: the numbers are of what ran until then.'),
    reasons.length > 0 &&
      el('ul', { class: `reasons ${test.verdict}` }, ...reasons.map((reason) => el('li', {}, reason))),
    notes.length > 0 && el('ul', { class: 'reasons' }, ...notes.map((note) => el('li', {}, note))),
  );
}

function distributions(test, time) {
  const { response_ns: response, service_ns: service } = test.histograms ?? {};
  const all = [
    { name: 'response', colour: 'blue', of: response },
    { name: 'service', colour: 'orange', of: service, dash: true },
  ];
  const charts = [
    spectrumChart(all, test.baseline),
    histogramChart(all.map((one) => ({ ...one, dash: false }))),
    time && scatterChart(time.lines, test, time.view),
    capacityChart(test.capacity),
  ];
  const elements = [...charts.filter(Boolean).map(({ element }) => element), roundsPanel(test)].filter(Boolean);
  return elements.length
    ? el('section', {}, el('h3', {}, 'Distribution'), el('div', { class: 'charts' }, ...elements))
    : null;
}

/** The rounds of one metric, and buttons for the others. */
function roundsPanel(test) {
  const all = list(test.rounds).filter(({ sessions }) => list(sessions).some((values) => values.length));
  if (!all.length) return null;
  const place = el('div', { class: 'panel' });
  const buttons = all.map((rounds, n) =>
    el('button', { type: 'button', class: 'small', onclick: () => choose(n) }, rounds.metric),
  );
  const choose = (n) => {
    buttons.forEach((button, k) => button.setAttribute('aria-pressed', String(k === n)));
    const chart = roundsChart(all[n], test.baseline, test.comparison);
    place.replaceChildren(
      all.length > 1
        ? el('div', { class: 'choice', role: 'group', 'aria-label': 'Metric of the rounds' }, ...buttons)
        : '',
      chart.element,
    );
  };
  choose(0);
  return place;
}
