// Puts the page together: heading, overview, tests that are filled when they are opened, environment, colours, paper.
'use strict';

/** A report with more tests is printed as it is shown. */
const MOST_PRINTED = 25;

/** A test, closed until somebody opens it. */
class Panel {
  constructor(n, { target, name, outcomes }, runs) {
    Object.assign(this, { n, name, outcomes, runs, isFilled: false });
    const [outcome] = outcomes;
    const facts = [
      isNumber(outcome.capacity_per_s)
        ? `capacity ${show.rate(outcome.capacity_per_s)}`
        : isNumber(outcome.throughput_per_s) && show.rate(outcome.throughput_per_s),
      isNumber(outcome.p50_ns) && `p50 ${show.ns(outcome.p50_ns)}`,
      isNumber(outcome.p99_ns) && `p99 ${show.ns(outcome.p99_ns)}`,
    ].filter(Boolean);
    this.element = el(
      'details',
      { class: 'test', id: `test-${n}`, ontoggle: () => this.element.open && this.fill() },
      el(
        'summary',
        {},
        el('h2', {}, name),
        badge(WORST(outcomes)),
        el('span', { class: 'note' }, target),
        el('span', { class: 'facts' }, facts.join(' · ')),
      ),
    );
  }

  fill() {
    if (this.isFilled) return;
    this.isFilled = true;
    const all = this.outcomes.map(({ run }) => ({
      run,
      name: this.runs[run].run_id,
      detail: readJson(`test-${this.n}-${run}`),
    }));
    this.element.append(this.runs.length === 1 ? testBody(all[0].detail) : comparedBody(all));
  }

  open() {
    this.element.open = true;
    this.fill();
  }
}

function showReport() {
  const index = readJson('index');
  const panels = index.tests.map((test, n) => new Panel(n, test, index.runs));
  const open = (n) => {
    panels[n].open();
    panels[n].element.scrollIntoView({ block: 'start' });
    panels[n].element.querySelector('summary').focus({ preventScroll: true });
    history.replaceState(null, '', `#test-${n}`);
  };
  const overview = new Overview(index, open);
  head(index);
  document.getElementById('overview').append(overview.element);
  document.getElementById('tests').append(bulk(panels), ...overview.rows.map(({ n }) => panels[n].element));
  document.getElementById('environment').append(environments(index.runs));
  begin(panels, overview);
}

function bulk(panels) {
  const all = (isOpen) =>
    panels.forEach((panel) => {
      panel.element.open = isOpen;
      if (isOpen) panel.fill();
    });
  if (panels.length < 2) return '';
  return el(
    'p',
    { class: 'bulk' },
    el('button', { type: 'button', class: 'small', onclick: () => all(true) }, 'Open all tests'),
    el('button', { type: 'button', class: 'small', onclick: () => all(false) }, 'Close all'),
  );
}

function begin(panels, overview) {
  chooseColours();
  const asked = /^#test-(\d+)$/.exec(location.hash);
  const first = asked ? panels[Number(asked[1])] : panels[overview.rows[0]?.n];
  if (first && (asked || panels.length <= 3 || overview.rows[0].verdict === 'failed')) first.open();
  if (asked && first) first.element.scrollIntoView();
  addEventListener('hashchange', () => panels[Number(/^#test-(\d+)$/.exec(location.hash)?.[1])]?.open());
  addEventListener('beforeprint', () => {
    if (panels.length <= MOST_PRINTED) panels.forEach((panel) => panel.open());
    document.querySelectorAll('details[open] .fold').forEach((fold) => fold.setAttribute('open', ''));
    paperWidth = PAPER_WIDTH;
    drawAll();
  });
  addEventListener('afterprint', () => {
    paperWidth = null;
    drawAll();
  });
}

/** Also what nobody has scrolled to. */
function drawAll() {
  for (const chart of BY_ID.values()) if (chart.element.isConnected) chart.see();
}

function head({ runs, tests }) {
  const [run] = runs;
  const isOne = runs.length === 1;
  const failed = tests.filter(({ outcomes }) => WORST(outcomes) === 'failed').length;
  const what = `${tests.length} load test${tests.length === 1 ? '' : 's'}`;
  const title = isOne ? `${what}${failed ? `, ${failed} failed` : ''}` : `${runs.length} runs compared`;
  document.getElementById('title').textContent = title;
  document.title = `${title} – perf-harness`;
  const facts = isOne
    ? [
        showMoment(run.started),
        `took ${showLength(run.duration_s)}`,
        commitOf(run.environment),
        placeOf(run.environment),
      ]
    : runs.map((one) => `${one.run_id}: ${commitOf(one.environment) ?? showMoment(one.started)}`);
  document.querySelector('.brand').append(el('p', { class: 'facts' }, facts.filter(Boolean).join(' · ')));
  if (runs.some(({ partial }) => partial))
    tellBanner(isOne ? 'A test of this run ended early.' : 'In one of these runs a test ended early.', 'doubt');
}

function tellBanner(text, kind) {
  const banner = document.getElementById('banner');
  banner.hidden = !text;
  banner.className = `banner ${kind}`;
  banner.textContent = text;
}

const commitOf = (environment) =>
  environment?.git_commit &&
  `commit ${environment.git_commit.slice(0, 9)}${environment.git_dirty ? ' with changes' : ''}`;
const placeOf = (environment) =>
  environment && (environment.label ?? `${environment.cpu}, ${environment.cores} cores`);

function environments(runs) {
  const keys = [
    'label',
    'cpu',
    'cores',
    'memory_gib',
    'virtualisation',
    'os',
    'build_profile',
    'features',
    'rustc',
    'git_commit',
    'git_dirty',
    'id',
    'machine',
  ];
  const shown = (value) =>
    Array.isArray(value)
      ? value.join(', ') || 'none'
      : value === true
        ? 'yes'
        : value === false
          ? 'no'
          : String(value);
  const rows = [
    ['run', ...runs.map(({ run_id: id }) => id)],
    ['started', ...runs.map(({ started }) => started)],
    ['took', ...runs.map(({ duration_s: took }) => showLength(took))],
  ];
  for (const key of keys) {
    const values = runs.map(({ environment }) => environment?.[key]);
    if (values.some((value) => value !== null && value !== undefined))
      rows.push([
        key.replace(/_gib$/, ' (GiB)').replaceAll('_', ' '),
        ...values.map((value) => (value === null || value === undefined ? NONE : shown(value))),
      ]);
  }
  return el('div', {}, el('h2', {}, 'Environment'), table('Where it ran', ['', ...runs.map(() => '')], rows));
}

/** System, light, dark, and back; kept where the browser lets a file keep something. */
function chooseColours() {
  const button = document.getElementById('theme');
  const all = ['system', 'light', 'dark'];
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Colours: ${theme}`;
    button.setAttribute('aria-label', `Colours: ${theme}. Switch.`);
  };
  let now = 'system';
  try {
    now = localStorage.getItem('perf-harness colours') ?? now;
  } catch {
    /* a file may not be allowed to */
  }
  apply(all.includes(now) ? now : 'system');
  button.addEventListener('click', () => {
    now = all[(all.indexOf(now) + 1) % all.length];
    apply(now);
    try {
      localStorage.setItem('perf-harness colours', now);
    } catch {
      /* as above */
    }
  });
}
