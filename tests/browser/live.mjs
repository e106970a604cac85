// The live page, fed by a server of this file that says what a run says.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

const point = (at) => ({
  at_s: at,
  started: 100,
  completed: 99,
  failed: 1,
  dropped: 0,
  errors: at > 3 ? { http_5xx: 2 } : {},
  in_flight: 2 + at,
  users: 0,
  throughput_per_s: 98,
  p50_ns: 1e6 + at * 1e4,
  p90_ns: 2e6,
  p99_ns: 4e6,
  max_ns: 8e6,
  lag_p99_ns: 5e4,
  steps: {},
  cpu: 0.4,
});
const status = (test, phase, elapsed) => ({
  test,
  phase,
  elapsed_s: elapsed,
  left_s: 60 - elapsed,
  counts: {
    planned: 100 * elapsed,
    started: 100 * elapsed,
    completed: 99 * elapsed,
    succeeded: 98 * elapsed,
    failed: elapsed,
    timed_out: 0,
    dropped: 0,
    interrupted: 0,
  },
  planned_per_s: 100,
  achieved_per_s: 99,
  in_flight: 3,
  users: 0,
  response_ns: { p50: 1.2e6, p90: 2e6, p99: 4e6, max: 9e6 },
  thresholds: [{ expression: 'p99 < 50ms', actual: 4e6, unit: 'ns', held: true }],
  notes: ['responses are slow <b>now</b>'],
});

/** Serves the page, and events to whoever listens; past points of the running test come first. */
class Run {
  constructor(page) {
    this.listeners = new Set();
    this.past = [];
    this.server = createServer((request, response) => {
      if (request.url !== '/events') return response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`retry: 100\n\n`);
      this.listeners.add(response);
      this.past.forEach(([name, data]) => this.write(response, name, data));
    });
  }

  write(response, name, data) {
    response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  tell(name, data) {
    this.past.push([name, data]);
    this.listeners.forEach((response) => this.write(response, name, data));
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${this.server.address().port}/`;
  }

  hangUp() {
    this.listeners.forEach((response) => response.destroy());
    this.listeners.clear();
  }
}

export async function checkLive(look, path) {
  const run = new Run(readFileSync(path));
  const address = await run.listen();
  look.expectsErrors = true; // a browser writes a lost connection to its console
  run.tell('run', {
    run_id: '7',
    started: '2026-01-31T12:00:00Z',
    environment: { cpu: 'A CPU', cores: 2 },
    tests: ['browse', 'search'],
  });
  for (let at = 0; at < 6; at += 1) run.tell('point', { test: 'browse', point: point(at) });
  const page = await look.open(address);
  await grows(look, page, run);
  await ends(look, page, run);
  await look.shoot(page, 'live');
  await page.context().close();
  run.hangUp();
  run.server.close();
}

const lastMoment = (page) => page.locator('.timebar .stretch').first().textContent();

async function grows(look, page, run) {
  run.tell('status', status('browse', 'measuring', 6));
  await page.locator('.chart .drawn').first().waitFor({ state: 'attached' });
  look.equal(await page.locator('details.test h2').allTextContents(), ['browse', 'search'], 'tests');
  look.equal(await lastMoment(page), '0 s to 6 s', 'what was before the page was opened');
  for (let at = 6; at < 10; at += 1) run.tell('point', { test: 'browse', point: point(at) });
  await page.locator('.timebar .stretch', { hasText: '0 s to 10 s' }).waitFor();
  look.check(
    (await page.locator('.tile').allTextContents()).some((text) => text.includes('4 ms')),
    'p99 of now',
  );
  look.check(
    (await page.locator('.limits').textContent()).includes('✓ p99 < 50ms 4 ms'),
    await page.locator('.limits').textContent(),
  );
  look.equal(await page.locator('main b').count(), 0, 'markup in a note');
  run.hangUp();
  await page.locator('.banner', { hasText: 'connection is lost' }).waitFor();
  await page.locator('.banner').waitFor({ state: 'hidden' });
  await page.locator('.timebar .stretch', { hasText: '0 s to 10 s' }).waitFor();
  look.equal(await page.locator('details.test').count(), 2, 'tests after connecting again');
}

async function ends(look, page, run) {
  run.tell('alert', { kind: 'condition', test: 'browse', message: 'p99 > 3ms holds' });
  await page.getByText('p99 > 3ms holds').first().waitFor();
  run.tell('test', { name: 'browse', verdict: 'passed', reasons: [] });
  run.tell('status', status('search', 'warmup', 1));
  run.tell('test', { name: 'search', verdict: 'failed', reasons: ['p99 < 1ms does not hold'] });
  await page.locator('.banner', { hasText: 'The run is over: 1 failed, 1 passed' }).waitFor();
  run.tell('test', { name: 'search', verdict: 'failed', reasons: ['p99 < 1ms does not hold'] });
  run.tell('end', { run_id: '7' });
  run.hangUp();
  await page.waitForTimeout(300);
  look.equal(await page.getByText('p99 < 1ms does not hold').count(), 1, 'a reason that was told twice');
  look.check(
    (await page.locator('.banner').textContent()).includes('The run is over'),
    'the end of a run is no lost connection',
  );
}
