// Looks at pages in a headless Chromium: node check.mjs REPORT COMPARED MANY EMPTY LIVE [SCREENSHOTS]
//
// Ends with status 1 and the list of what does not hold, all at once.

import { chromium } from 'playwright-core';
import { checkReport } from './report.mjs';
import { checkCompared, checkEmpty, checkLooks, checkMany } from './others.mjs';
import { checkLive } from './live.mjs';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const [report, compared, many, empty, live, screenshots] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? 'chromium';
const browser = await chromium.launch({
  executablePath: executablePath.includes('/') ? executablePath : await found(executablePath),
  args: FLAGS,
});
const broken = [];

/** Notes what does not hold; one page of a browser, which must not complain nor ask for anything. */
class Looker {
  constructor(name) {
    this.name = name;
  }

  check(holds, what) {
    if (!holds) broken.push(`${this.name}: ${what}`);
  }

  equal(actual, expected, what) {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (a !== b) broken.push(`${this.name}: ${what}: ${a}, not ${b}`);
  }

  async open(address, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
    const page = await context.newPage();
    page.on(
      'console',
      (message) =>
        ['error', 'warning'].includes(message.type()) &&
        !this.expectsErrors &&
        broken.push(`${this.name}: console: ${message.text()}`),
    );
    page.on('pageerror', (error) => broken.push(`${this.name}: ${error.stack}`));
    page.on(
      'request',
      (request) => this.isOutside(request.url(), address) && broken.push(`${this.name}: asks for ${request.url()}`),
    );
    page.setDefaultTimeout(15_000);
    await page.goto(address);
    return page;
  }

  isOutside(url, address) {
    const own = address.startsWith('file:') ? [address] : [address, new URL('events', address).href];
    return !own.includes(url.split('#')[0]) && !url.startsWith('data:');
  }

  async shoot(page, name) {
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
  }
}

async function found(name) {
  const { execFileSync } = await import('node:child_process');
  return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
}

const file = (path) => `file://${path}`;
const checks = [
  ['report', checkReport, file(report)],
  ['looks', checkLooks, file(report)],
  ['compared', checkCompared, file(compared)],
  ['many', checkMany, file(many)],
  ['empty', checkEmpty, file(empty)],
  ['live', checkLive, live],
];
for (const [name, check, of] of checks) {
  try {
    await check(new Looker(name), of);
  } catch (error) {
    broken.push(`${name}: ${error.stack}`);
  }
}
await browser.close();
broken.forEach((what) => console.error(what));
console.log(broken.length ? `${broken.length} do not hold` : 'all of it holds');
process.exit(broken.length ? 1 : 0);
