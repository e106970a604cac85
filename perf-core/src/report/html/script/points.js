// Turns points as `/events` sends them into columns as a report has them; past so many, neighbours are merged alike.
'use strict';

const MOST_LIVE_POINTS = 900;
const ADDED_UP = new Set(['started', 'completed', 'dropped', 'failed']);
const AVERAGED = /^(throughput_per_s|cpu|target_cpu|machine_cpu|steal|throttled|pressure_.*|.*_per_s)$/;

/** Points as `/events` sends them, as columns as a report has them. */
function columnsOf(points) {
  const each = Math.ceil(points.length / MOST_LIVE_POINTS) || 1;
  const groups = [];
  for (let n = 0; n < points.length; n += each) groups.push(points.slice(n, n + each));
  // Of a long past only some points are kept.
  const apart = points.slice(1).map((point, n) => point.at_s - points[n].at_s);
  const length = apart.length ? Math.min(...apart) : 1;
  const merged = (values, key) => {
    const some = values.filter(isNumber);
    if (!some.length) return null;
    const sum = some.reduce((a, b) => a + b, 0);
    return ADDED_UP.has(key) ? sum : AVERAGED.test(key) ? sum / some.length : Math.max(...some);
  };
  const columns = {
    points: groups.length,
    merged: each,
    interval_s: each * length,
    last_s: groups.at(-1).length * length,
    at_s: groups.map(([first]) => first.at_s),
    errors: {},
    steps: {},
  };
  const keys = new Set(
    points
      .flatMap((point) => Object.keys(point))
      .filter((key) => isNumber(points.find((point) => isNumber(point[key]))?.[key])),
  );
  keys.delete('at_s');
  for (const key of keys)
    columns[key] = groups.map((group) =>
      merged(
        group.map((point) => point[key]),
        key,
      ),
    );
  const names = (key) => [...new Set(points.flatMap((point) => Object.keys(point[key] ?? {})))];
  for (const name of names('errors'))
    columns.errors[name] = groups.map((group) => group.reduce((sum, point) => sum + (point.errors?.[name] ?? 0), 0));
  for (const name of names('steps').slice(0, 6)) {
    const of = (key) =>
      groups.map((group) =>
        merged(
          group.map((point) => point.steps?.[name]?.[key]),
          key,
        ),
      );
    columns.steps[name] = { p50_ns: of('p50_ns'), p99_ns: of('p99_ns') };
  }
  return columns;
}
