// Tables of what the test function said by name, and of what was needed. As in `tables.js`.
'use strict';

function stepsTable(test) {
  const row = ([name, { counts, duration_ns: took }]) => [
    name,
    show.count(counts?.completed),
    show.count(counts?.interrupted),
    ...['mean', 'p50', 'p90', 'p99', 'max'].map((key) => show.ns(took?.[key])),
  ];
  const all = pairs(test.steps);
  return all.length
    ? table(
        'Steps',
        ['Step', number('Completed'), number('Interrupted'), ...['mean', 'p50', 'p90', 'p99', 'max'].map(number)],
        all.map(row),
      )
    : null;
}

function checksTable(test) {
  const all = pairs(test.checks);
  const row = ([name, { held: kept, broken }]) =>
    Object.assign(
      [name, show.count(kept), show.count(broken), show.ratio(kept + broken ? kept / (kept + broken) : NaN)],
      { kind: broken ? 'broken' : null },
    );
  return all.length
    ? table('Checks', ['Check', number('Held'), number('Broken'), number('Held of all')], all.map(row))
    : null;
}

function metricsTable(test) {
  const all = pairs(test.metrics);
  const trend = (values, format) =>
    ['mean', 'p50', 'p99', 'max'].map((key) => `${key} ${format(values[key])}`).join(', ');
  const told = (one) => {
    if (one.value_ns) return trend(one.value_ns, show.ns);
    if (one.value) return trend(one.value, show.number);
    if (one.kind === 'counter') return `sum ${show.number(one.sum)}`;
    if (one.kind === 'rate') return `${show.ratio(one.ratio)} (${show.count(one.hits)} hits)`;
    return ['last', 'min', 'mean', 'max']
      .filter((key) => isNumber(one[key]))
      .map((key) => `${key} ${show.number(one[key])}`)
      .join(', ');
  };
  return all.length
    ? table(
        'Metrics of the test',
        ['Metric', 'Kind', number('Readings'), 'Values'],
        all.map(([name, one]) => [name, one.kind, show.count(one.count), told(one)]),
      )
    : null;
}

function tagsTable(test) {
  const row = (name, value, one) => [
    `${name} = ${value}`,
    show.count(one.counts?.succeeded),
    show.count(one.counts?.failed),
    ...['p50', 'p90', 'p99', 'max'].map((key) => show.ns(one.response_ns?.[key])),
  ];
  const rows = pairs(test.tags).flatMap(([name, values]) =>
    pairs(values).map(([value, one]) => row(name, value, one)),
  );
  return rows.length
    ? table('Tags', ['Tag', number('Succeeded'), number('Failed'), ...['p50', 'p90', 'p99', 'max'].map(number)], rows)
    : null;
}

function resourcesTable(test) {
  const format = (key) =>
    key.endsWith('_ns')
      ? show.ns
      : /bytes_per_s$/.test(key)
        ? show.bytesPerSecond
        : key.endsWith('bytes')
          ? show.bytes
          : key.endsWith('_per_s')
            ? show.rate
            : /cpu$/.test(key) && !/pressure|worker/.test(key)
              ? show.cores
              : /pressure|steal|throttled|worker/.test(key)
                ? show.ratio
                : show.count;
  const rows = ['client', 'target'].flatMap((who) =>
    pairs(test.resources?.[who])
      .filter(([, value]) => value !== null)
      .map(([key, value]) => {
        const shown = (of) => (isNumber(of) ? format(key)(of) : null);
        return [
          `${who}: ${key.replace(/_(ns|bytes|per_s)$/g, '').replaceAll('_', ' ')}`,
          shown(isNumber(value) ? value : value.mean),
          isNumber(value) ? null : shown(value.max),
        ];
      }),
  );
  return rows.length ? table('Resources', ['', number('Mean'), number('Highest')], rows) : null;
}

function alertsTable(test) {
  const all = list(test.alerts);
  return all.length
    ? table(
        'Alerts',
        ['Kind', 'When', 'Message'],
        all.map((alert) => [
          alert.kind,
          isNumber(alert.after_s) ? `after ${show.seconds(alert.after_s)}` : showMoment(alert.at),
          alert.message,
        ]),
      )
    : null;
}

function preparationTable(test) {
  const { preparation, generator, load, ending } = test;
  const facts = [
    ['set-up', preparation?.setup_s, showLength],
    ['waiting until ready', preparation?.ready_s, showLength],
    ['last iterations took', ending?.drain_s, showLength],
    ['tear-down', ending?.teardown_s, showLength],
    ['workers', load?.workers, String],
    ['seed', load?.seed, String],
    ['users set up', preparation?.users, String],
    ['users that failed', preparation?.users_failed, String],
    ['planned rate', generator?.planned_per_s, show.rate],
    ['offered rate', generator?.offered_per_s, show.rate],
    ['late starts', generator?.late_starts, show.count],
    ['lag p99', generator?.lag_p99_ns, show.ns],
    ['lag allowed', generator?.lag_bound_ns, show.ns],
    [
      'busiest worker',
      generator?.worker_cpu,
      (value) =>
        isNumber(value)
          ? show.ratio(value)
          : list(value)
              .map((one) => show.ratio(one))
              .join(', '),
    ],
    [
      'addresses',
      pairs(preparation?.addresses).length ? preparation.addresses : null,
      (all) =>
        pairs(all)
          .map(([host, of]) => `${host}: ${list(of).join(', ') || of}`)
          .join('; '),
    ],
  ];
  const rows = facts
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value, format]) => [name, format(value)]);
  return rows.length ? table('Generator and preparation', ['', ''], rows) : null;
}
