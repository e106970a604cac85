// The list of all tests: verdicts first, one row a test, filters where there are many.
'use strict';

const ORDER = ['failed', 'inconclusive', 'passed', 'skipped'];
const WORST = (outcomes) =>
  ORDER.find((verdict) => outcomes.some((outcome) => outcome.verdict === verdict)) ?? 'skipped';

/** p99 over time, small. */
function sparkline(values) {
  const known = list(values).filter(isNumber);
  if (known.length < 2) return null;
  const [low, high] = extent(known);
  const at = linearScale([0, values.length - 1], [1, 99]).of;
  const up = (high > 20 * low ? logScale : linearScale)(high > low ? [low, high] : [0, high * 2], [20, 2]).of;
  const d = linePath({ x: values.map((_, n) => n), y: values }, at, up);
  return svg(
    'svg',
    {
      class: 'spark',
      viewBox: '0 0 100 22',
      width: 100,
      height: 22,
      role: 'img',
      'aria-label': `p99 between ${show.ns(low)} and ${show.ns(high)}`,
    },
    svg('path', { class: 'drawn', style: '--c:var(--orange)', d }),
  );
}

function changeOf({ comparison, change }) {
  if (!comparison) return el('span', { class: 'quiet' }, NONE);
  return el(
    'span',
    { class: CHANGES[comparison] },
    comparison,
    change &&
      isNumber(change.change) &&
      el('span', { class: 'note' }, changeText(change.change), ` ${change.metric}`),
  );
}

/** Of one run, after verdict and name; `wide` and `wider` ones need room. */
const COLUMNS = [
  { name: 'Load', kind: 'wider load', of: ({ load }) => load },
  {
    name: 'Throughput',
    kind: 'number wide',
    of: (outcome) => show.rate(outcome.capacity_per_s ?? outcome.throughput_per_s),
  },
  { name: 'p50', kind: 'number wide', of: (outcome) => show.ns(outcome.p50_ns) },
  { name: 'p99', kind: 'number', of: (outcome) => show.ns(outcome.p99_ns) },
  { name: 'p99 over time', kind: 'wider', of: ({ spark }) => sparkline(spark) },
  {
    name: 'Errors',
    kind: 'number',
    of: ({ error_ratio: ratio }) => el('span', { class: ratio > 0 ? 'bad' : null }, show.ratio(ratio)),
  },
  { name: 'Against baseline', kind: 'wide', of: changeOf },
  {
    name: 'Findings',
    kind: 'number wide',
    of: ({ findings }) => (findings ? el('span', { class: 'doubt' }, String(findings)) : null),
  },
];

class Overview {
  constructor(index, open) {
    this.index = index;
    this.open = open;
    this.wanted = new Set(ORDER);
    this.text = '';
    this.rows = index.tests.map((test, n) => ({ test, n, verdict: WORST(test.outcomes) }));
    this.rows.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || a.n - b.n);
    this.targets = new Set(index.tests.map(({ target }) => target));
  }

  get element() {
    return el('div', {}, el('h2', { class: 'sr' }, 'Overview'), this.filters(), this.table());
  }

  filters() {
    const count = (verdict) => this.rows.filter((row) => row.verdict === verdict).length;
    const button = (verdict) => {
      const toggle = () => {
        if (!this.wanted.delete(verdict)) this.wanted.add(verdict);
        made.setAttribute('aria-pressed', String(this.wanted.has(verdict)));
        this.filter();
      };
      const made = el(
        'button',
        {
          type: 'button',
          class: `count ${verdict}`,
          'aria-pressed': 'true',
          onclick: toggle,
          disabled: count(verdict) === 0,
        },
        el('span', { 'aria-hidden': 'true' }, GLYPHS[verdict]),
        ` ${count(verdict)} ${verdict}`,
      );
      return made;
    };
    const search = el('input', {
      type: 'search',
      placeholder: 'Filter by name',
      'aria-label': 'Filter tests by name',
      oninput: (event) => {
        this.text = event.target.value.toLowerCase();
        this.filter();
      },
    });
    return el(
      'div',
      { class: 'filters' },
      ...ORDER.filter((verdict) => count(verdict) > 0).map(button),
      this.rows.length > 8 && search,
    );
  }

  filter() {
    for (const row of this.rows) {
      row.element.hidden =
        !this.wanted.has(row.verdict) || !`${row.test.target} ${row.test.name}`.toLowerCase().includes(this.text);
    }
  }

  table() {
    const isOne = this.index.runs.length === 1;
    const head = isOne ? COLUMNS : this.index.runs.map((run) => ({ name: run.run_id }));
    for (const row of this.rows) row.element = isOne ? this.row(row) : this.comparedRow(row);
    const headings = ['Verdict', 'Test'].map((name) => ({ name })).concat(head);
    const heading = ({ name, kind }) => el('th', { scope: 'col', class: kind }, name);
    return el(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'All tests' },
      el(
        'table',
        { class: 'overview' },
        el('caption', { class: 'sr' }, 'All tests with their verdicts'),
        el('thead', {}, el('tr', {}, ...headings.map(heading))),
        el('tbody', {}, ...this.rows.map(({ element }) => element)),
      ),
    );
  }

  link({ test, n }) {
    const open = (event) => {
      event.preventDefault();
      this.open(n);
    };
    return el(
      'a',
      { href: `#test-${n}`, onclick: open },
      test.name,
      this.targets.size > 1 && el('span', { class: 'note' }, test.target),
    );
  }

  row(row) {
    const [outcome] = row.test.outcomes;
    const reasons = list(outcome.reasons).join('; ');
    return el(
      'tr',
      {},
      el('td', {}, badge(outcome.verdict)),
      el('th', { scope: 'row' }, this.link(row), reasons && el('span', { class: 'reason', title: reasons }, reasons)),
      ...COLUMNS.map(({ kind, of }) => el('td', { class: kind }, of(outcome) ?? NONE)),
    );
  }

  comparedRow(row) {
    const of = (run) => row.test.outcomes.find((outcome) => outcome.run === run);
    const first = row.test.outcomes[0];
    const cell = (_, run) => {
      const outcome = of(run);
      if (!outcome) return el('td', { class: 'quiet' }, 'not in it');
      const change =
        outcome !== first && first.p99_ns > 0 && isNumber(outcome.p99_ns)
          ? el('span', { class: 'note' }, changeText(outcome.p99_ns / first.p99_ns - 1))
          : null;
      if (!isNumber(outcome.p50_ns))
        return el('td', {}, badge(outcome.verdict), el('span', { class: 'note' }, 'no numbers'));
      return el(
        'td',
        {},
        el('span', { class: `glyph ${outcome.verdict}`, title: outcome.verdict }, GLYPHS[outcome.verdict] ?? '·'),
        ` p50 ${show.ns(outcome.p50_ns)}, p99 ${show.ns(outcome.p99_ns)}`,
        change,
      );
    };
    return el(
      'tr',
      {},
      el('td', {}, badge(row.verdict)),
      el('th', { scope: 'row' }, this.link(row)),
      ...this.index.runs.map(cell),
    );
  }
}
