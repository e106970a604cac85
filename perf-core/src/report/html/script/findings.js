// Findings: a list with advice, and their marks on the charts over time.
'use strict';

/** Where in time a finding says that something is. */
function momentOf({ evidence }) {
  const from = [evidence?.at_s, evidence?.from_s, evidence?.worst_at_s].find(isNumber);
  return isNumber(from) ? { from, to: isNumber(evidence.to_s) ? evidence.to_s : undefined } : null;
}

/** What is marked on the charts over time. */
function marksOf(test, end) {
  const findings = list(test.findings).map((finding, n) => ({
    ...momentOf(finding),
    kind: finding.severity,
    flag: String(n + 1),
    label: finding.message,
  }));
  const gaps = list(test.gaps).map(({ at_s: at, duration_s: length }) => ({
    from: at,
    to: at + length,
    kind: 'gap',
    label: 'pause',
  }));
  const length = test.load?.measured_s;
  const isDrained = isNumber(length) && end > length + 0.05;
  const drain = isDrained ? [{ from: length, to: end, kind: 'gap', label: 'no more load' }] : [];
  const aborts = list(test.thresholds)
    .filter(({ aborted_at_s: at }) => isNumber(at))
    .map((limit) => ({
      from: limit.aborted_at_s,
      kind: 'invalid',
      flag: '!',
      label: `${limit.expression} ended the test`,
    }));
  return [...gaps, ...drain, ...findings.filter(({ from }) => isNumber(from)), ...aborts];
}

function findingsList(test, go) {
  const all = list(test.findings);
  if (!all.length) return null;
  const item = (finding, n) => {
    const moment = momentOf(finding);
    return el(
      'li',
      { class: `finding ${finding.severity}` },
      el('span', { class: 'number', 'aria-hidden': 'true' }, String(n + 1)),
      el(
        'div',
        {},
        el(
          'p',
          { class: 'what' },
          el('span', { class: 'severity' }, finding.severity),
          ' ',
          sentence(finding.message),
          moment && [' ', jump(moment.from, go)],
        ),
        finding.advice && el('p', { class: 'advice' }, sentence(finding.advice)),
        evidenceList(finding.evidence),
      ),
    );
  };
  return el('section', { class: 'findings' }, el('h3', {}, 'Findings'), el('ol', {}, ...all.map(item)));
}

function sentence(text) {
  const trimmedText = String(text ?? '').trim();
  return trimmedText.charAt(0).toUpperCase() + trimmedText.slice(1) + (/[.!?…]$/.test(trimmedText) ? '' : '.');
}

function evidenceList(evidence) {
  const format = (key, value) =>
    key.endsWith('_ns')
      ? show.ns(value)
      : key.endsWith('_per_s')
        ? show.rate(value)
        : key.endsWith('bytes') || key.startsWith('bytes_')
          ? show.bytes(value)
          : key.endsWith('_s')
            ? show.seconds(value)
            : /share|change$/.test(key)
              ? show.ratio(value)
              : show.number(value);
  const all = pairs(evidence).filter(([, value]) => isNumber(value));
  if (!all.length) return null;
  const name = (key) => key.replace(/_(ns|per_s|bytes|s)$/, '').replaceAll('_', ' ');
  return el('p', { class: 'evidence' }, all.map(([key, value]) => `${name(key)} ${format(key, value)}`).join(' · '));
}
