// The page of a run that goes on: fed by `/events`, with the charts of a report.
'use strict';

/** Drawing more often than this helps nobody. */
const DRAWN_EVERY_MS = 400;
const PHASES = {
  preparing: 'preparing',
  ready: 'waiting until the target is ready',
  'warm-up': 'warm-up',
  measuring: 'measuring',
  draining: 'waiting for the last iterations',
  waiting: 'not started yet',
  ended: 'ended',
};
class LivePanel {
  constructor(name) {
    Object.assign(this, { name, points: [], view: null, charts: [], signature: '', verdict: null, status: null });
    this.badge = el('span', { class: 'phase note' }, PHASES.waiting);
    this.facts = el('span', { class: 'facts' });
    this.bar = el('div', {});
    this.progress = el(
      'div',
      {
        class: 'progress',
        role: 'progressbar',
        'aria-label': `Progress of ${name}`,
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      },
      this.bar,
    );
    this.now = el('div', {});
    this.alerts = el('ul', { class: 'reasons' });
    this.time = el('div', {});
    this.element = el(
      'details',
      { class: 'test live' },
      el('summary', {}, el('h2', {}, name), this.badge, this.facts),
      el('div', { class: 'body' }, this.progress, this.now, this.alerts, this.time),
    );
  }

  /** Another session of the test, or everything anew after a lost connection. */
  forget() {
    Object.assign(this, { points: [], view: null, charts: [], signature: '' });
    this.time.replaceChildren();
  }

  tellStatus(status) {
    if (this.verdict) return;
    const isNew = !this.status;
    this.status = status;
    if (isNew) this.element.open = true;
    const { phase, elapsed_s: elapsed, left_s: left } = status;
    this.badge.textContent = `${PHASES[phase] ?? phase}${status.is_confirming ? ', measured again' : ''}`;
    const part = isNumber(left) && elapsed + left > 0 ? elapsed / (elapsed + left) : null;
    this.bar.style.width = part === null ? '0' : `${(100 * part).toFixed(1)}%`;
    if (part !== null) this.progress.setAttribute('aria-valuenow', String(Math.round(100 * part)));
    this.facts.textContent = [`${show.seconds(elapsed)} gone`, isNumber(left) && `${show.seconds(left)} left`]
      .filter(Boolean)
      .join(' · ');
    this.now.replaceChildren(liveTiles(status), liveLimits(status) ?? '', liveNotes(status) ?? '');
  }

  tellPoint(point) {
    const last = this.points.at(-1);
    if (last && point.at_s < last.at_s) this.forget();
    if (last && point.at_s === last.at_s) this.points.pop();
    this.points.push(point);
    this.schedule();
  }

  tellEnd({ verdict, reasons }) {
    // It is told again to who connects again.
    if (this.verdict) return;
    this.verdict = verdict;
    this.badge.replaceWith((this.badge = badge(verdict)));
    this.bar.style.width = '100%';
    this.facts.textContent = '';
    if (list(reasons).length)
      this.now.prepend(el('ul', { class: `reasons ${verdict}` }, ...reasons.map((reason) => el('li', {}, reason))));
    this.draw();
  }

  schedule() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.draw();
    }, DRAWN_EVERY_MS);
  }

  draw() {
    if (!this.points.length) return;
    const lines = unpacked(columnsOf(this.points));
    const test = { load: { model: isNumber(this.status?.planned_per_s) ? 'open' : 'closed' }, thresholds: [] };
    const specs = TIMELINE.map((of) => of(lines, test))
      .filter(Boolean)
      .map((spec) => onTime(spec, lines, []));
    const signature = JSON.stringify(specs.map(({ title, series }) => [title, series.map(({ name }) => name)]));
    if (signature === this.signature) {
      this.charts.forEach((chart, n) => {
        chart.spec.x = specs[n].x;
        chart.update(specs[n].series.map(({ x, y, ends }) => ({ x, y, ends })));
      });
    } else {
      this.build(specs, lines);
    }
    this.signature = signature;
    this.view.extend([Math.min(0, lines.at[0]), lines.ends[lines.points - 1]], lines.middle);
  }

  build(specs, lines) {
    const [shown, whole] = [this.view?.shown, this.view?.isZoomed];
    this.view = viewOf(lines);
    if (whole) this.view.show(shown);
    this.charts.forEach(({ id }) => BY_ID.delete(id));
    this.charts = specs.map((spec) => new Chart(this.view, spec));
    this.time.replaceChildren(
      el('h3', {}, 'Over time'),
      timeBar(this.view),
      el('div', { class: 'charts' }, ...this.charts.map(({ element }) => element)),
    );
  }
}

function liveTiles({
  counts,
  planned_per_s: planned,
  achieved_per_s: achieved,
  in_flight: inFlight,
  users,
  response_ns: times,
}) {
  const errors =
    (counts?.failed ?? 0) + (counts?.timed_out ?? 0) + (counts?.dropped ?? 0) + (counts?.interrupted ?? 0);
  return el(
    'dl',
    { class: 'tiles' },
    tile('rate', show.rate(achieved), isNumber(planned) && `of ${show.rate(planned)} planned`),
    tile('p50', show.ns(times?.p50)),
    tile('p99', show.ns(times?.p99)),
    tile('max', show.ns(times?.max)),
    tile(
      'errors',
      show.count(errors),
      counts?.planned > 0 && show.ratio(errors / counts.planned),
      errors ? 'bad' : null,
    ),
    tile('in flight', show.count(inFlight)),
    users > 0 && tile('users', show.count(users)),
    tile('iterations', show.count(counts?.completed)),
  );
}

function liveLimits({ thresholds }) {
  const mark = ({ held: isHeld }) => (isHeld === false ? ['bad', '✗ '] : isHeld ? ['good', '✓ '] : ['quiet', '· ']);
  const item = (limit) => {
    const [kind, sign] = mark(limit);
    const value = ` ${showUnit(limit.actual, limit.unit)}`;
    return el('li', {}, el('span', { class: kind }, sign), el('code', {}, limit.expression), value);
  };
  const all = list(thresholds);
  return all.length ? el('ul', { class: 'limits', 'aria-label': 'Thresholds so far' }, ...all.map(item)) : null;
}

function liveNotes({ notes }) {
  return list(notes).length
    ? el('ul', { class: 'reasons inconclusive' }, ...notes.map((note) => el('li', {}, note)))
    : null;
}

class LivePage {
  constructor() {
    this.panels = new Map();
    this.runId = null;
    chooseColours();
    document.getElementById('title').textContent = 'Load tests';
    tellBanner('Connecting…', '');
    this.source = new EventSource('events');
    const on = (name, tell) => this.source.addEventListener(name, (event) => tell(JSON.parse(event.data)));
    on('run', (run) => this.begin(run));
    on('status', (status) => this.panel(status.test).tellStatus(status));
    on('point', ({ test, point }) => this.panel(test).tellPoint(point));
    on('test', (test) => {
      this.panel(test.name).tellEnd(test);
      say(`${test.name} ${test.verdict}`);
      this.checkEnd();
    });
    on('alert', (alert) => this.alert(alert));
    on('dropped', ({ events }) =>
      tellBanner(`${show.count(events)} events were missed: this browser was too slow.`, 'doubt'),
    );
    on('end', () => this.end());
    this.source.addEventListener('open', () => this.connected());
    this.source.addEventListener('error', () => this.lost());
  }

  begin({ run_id: id, started, environment, tests }) {
    if (this.runId !== null && this.runId !== id) return location.reload();
    if (this.runId === null) {
      document
        .querySelector('.brand')
        .append(
          el(
            'p',
            { class: 'facts' },
            [`run ${id}`, showMoment(started), commitOf(environment), placeOf(environment)]
              .filter(Boolean)
              .join(' · '),
          ),
        );
    }
    this.runId = id;
    list(tests).forEach((name) => this.panel(name));
    document.getElementById('title').textContent =
      `${this.panels.size} load test${this.panels.size === 1 ? '' : 's'} running`;
    document.title = `${this.panels.size} load tests – perf-harness`;
  }

  panel(name) {
    if (!this.panels.has(name)) {
      const panel = new LivePanel(name);
      this.panels.set(name, panel);
      document.getElementById('tests').append(panel.element);
    }
    return this.panels.get(name);
  }

  alert(alert) {
    const panel =
      this.panels.get(alert.test) ?? [...this.panels.values()].find(({ verdict, status }) => status && !verdict);
    panel?.alerts.append(el('li', { class: 'doubt' }, alert.message ?? alert.kind));
    say(`Alert: ${alert.message ?? alert.kind}`);
  }

  /** What was seen of a running test comes again. */
  connected() {
    for (const panel of this.panels.values()) if (!panel.verdict) panel.forget();
    tellBanner('', '');
  }

  get isOver() {
    return this.panels.size > 0 && [...this.panels.values()].every(({ verdict }) => verdict);
  }

  checkEnd() {
    if (!this.isOver) return;
    const verdicts = [...this.panels.values()].map(({ verdict }) => verdict);
    const counts = ORDER.map((verdict) => [verdict, verdicts.filter((one) => one === verdict).length]).filter(
      ([, count]) => count,
    );
    document.getElementById('title').textContent =
      `${this.panels.size} load test${this.panels.size === 1 ? '' : 's'} ended`;
    tellBanner(
      `The run is over: ${counts.map(([verdict, count]) => `${count} ${verdict}`).join(', ')}. Its report is in the folder of run ${this.runId}.`,
      verdicts.includes('failed') ? 'bad' : 'good',
    );
  }

  /** The process that was listened to is about to end. */
  end() {
    this.hasEnded = true;
    this.source.close();
    if (!this.isOver) tellBanner('The run ended before all of its tests did.', 'doubt');
  }

  lost() {
    if (this.isOver || this.hasEnded) return this.source.close();
    tellBanner(
      'The connection is lost: the run ended early, or the network did. What is shown is what was known until then; trying again…',
      'doubt',
    );
  }
}

function showLive() {
  return new LivePage();
}
