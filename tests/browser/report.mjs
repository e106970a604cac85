// What a report does when somebody uses it.

/** The charts of a test with how much is drawn in each. */
const charts = (page, test) =>
  page.locator(`#test-${test} .chart`).evaluateAll((figures) =>
    figures.map((figure) => ({
      title: figure.querySelector('h4').textContent,
      drawn: [...figure.querySelectorAll('.drawn, .filled')].map((path) => path.getAttribute('d').length),
      summary: figure.querySelector('p.sr').textContent,
    })),
  );

const stretch = (page, test) => page.locator(`#test-${test} .timebar .stretch`).textContent();
const chart = (page, test, title) =>
  page.locator(`#test-${test} .chart`, { has: page.locator('h4', { hasText: new RegExp(`^${title}$`) }) });

async function openTest(page, test) {
  await page.locator(`.overview a[href="#test-${test}"]`).click();
  await page.evaluate(() => drawAll());
}

export async function checkReport(look, address) {
  const page = await look.open(address);
  await overview(look, page);
  for (const test of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    await openTest(page, test);
    await drawsCharts(look, page, test);
  }
  await tables(look, page);
  await cursor(look, page);
  await keys(look, page);
  await zoom(look, page);
  await legend(look, page);
  await jumps(look, page);
  await colours(look, page);
  await page.context().close();
}

async function overview(look, page) {
  const rows = await page
    .locator('.overview tbody tr')
    .evaluateAll((all) =>
      all.map((row) => [
        row.querySelector('.verdict').textContent.trim().split(' ').pop(),
        row.querySelector('a').textContent,
      ]),
    );
  look.equal(rows.length, 10, 'tests in the overview');
  look.equal(
    rows.map(([verdict]) => verdict),
    ['failed', 'failed', 'failed', 'failed', 'inconclusive', 'passed', 'passed', 'passed', 'passed', 'skipped'],
    'verdicts, the worst first',
  );
  look.check(
    rows.some(([, name]) => name.includes('</script><b>books')),
    'a name of markup is shown as text',
  );
  look.equal(await page.locator('main img, main b').count(), 0, 'elements that a server smuggled in');
  look.equal(await page.locator('details.test[open]').count(), 1, 'opened tests: the first that failed');
  await page.locator('input[type=search]').fill('ramp');
  look.equal(await page.locator('.overview tbody tr:visible').count(), 1, 'rows after filtering');
  await page.locator('input[type=search]').fill('');
  await page.locator('.count.failed').click();
  look.equal(await page.locator('.overview tbody tr:visible').count(), 6, 'rows without those that failed');
  await page.locator('.count.failed').click();
}

/** Tests without numbers have none; all others have data in each. */
async function drawsCharts(look, page, test) {
  const all = await charts(page, test);
  const expected = { 0: 14, 1: 14, 2: 14, 3: 14, 4: 15, 5: 14, 6: 14, 7: 0, 8: 0, 9: 0 }[test];
  look.check(
    all.length >= expected && (expected > 0 || all.length === 0),
    `test ${test} has ${all.length} charts: ${all.map(({ title }) => title).join(', ')}`,
  );
  for (const { title, drawn, summary } of all) {
    look.check(drawn.length > 0 && drawn.every((length) => length > 4), `test ${test}: ${title} draws nothing`);
    look.check(summary.length > 20 && !/NaN|undefined|Infinity/.test(summary), `test ${test}: ${title}: ${summary}`);
  }
  const text = await page.locator(`#test-${test}`).textContent();
  look.check(
    !/NaN|undefined|\[object|Infinity/.test(text),
    `test ${test} shows ${/.{20}(NaN|undefined|\[object|Infinity).{20}/.exec(text)?.[0]}`,
  );
}

/** The verdicts with their reasons. */
async function tables(look, page) {
  const text = await page.locator('#test-1 .pairs').textContent();
  for (const part of [
    'service.p50',
    '↑ +18.3 %',
    '+15.3 % to +21.3 %',
    'regressed',
    'others took more',
    'Not compared: service.p99',
    '✓ held',
  ]) {
    look.check(text.includes(part), `${part} is not in the tables: ${text}`);
  }
  const reason = await page.locator('#test-8 .reasons').textContent();
  look.check(
    reason.includes('setup failed') || reason.includes('did not pass'),
    `a test without numbers says why: ${reason}`,
  );
}

/** Over one chart, it shows values in all charts over time. */
async function cursor(look, page) {
  await openTest(page, 2);
  const canvas = chart(page, 2, 'Rate').locator('svg');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  const lines = await page.locator('#test-2 .over-time .chart .cursor').count();
  look.equal(lines, await page.locator('#test-2 .over-time .chart').count(), 'cursors, one a chart over time');
  const values = await chart(page, 2, 'Response time').locator('.key[aria-pressed=true] .value').allTextContents();
  look.check(
    values.length === 4 && values.every((value) => /\d (µs|ms|s)$/.test(value)),
    `values at the cursor: ${values}`,
  );
  await page.mouse.move(5, 5);
  look.equal(await page.locator('#test-2 .over-time .cursor').count(), 0, 'cursors when the pointer is gone');
}

async function keys(look, page) {
  const canvas = chart(page, 2, 'Rate').locator('svg');
  await canvas.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  look.equal(await canvas.locator('.moment').textContent(), '2 s – 3 s', 'the moment two keys after the first');
  look.check(
    (await page.locator('#said').textContent()).startsWith('2 s – 3 s: offered 500/s'),
    'a screen reader is told',
  );
  await page.keyboard.press('+');
  look.check((await stretch(page, 2)) !== '0 s to 1:00', 'plus zooms');
  await page.keyboard.press('Escape');
  look.equal(await stretch(page, 2), '0 s to 1:00', 'Escape resets');
}

/** Dragging over one chart zooms all of them. */
async function zoom(look, page) {
  const canvas = chart(page, 2, 'Response time').locator('svg');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const before = await chart(page, 2, 'Lag').locator('.drawn').first().getAttribute('d');
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
  look.check((await page.locator('#test-2 .selection').count()) > 3, 'the selection is shown while dragging');
  await page.mouse.up();
  const [from, to] = (await stretch(page, 2)).match(/[\d.]+/g).map(Number);
  look.check(from > 15 && to < 45 && to > from, `dragged to ${from} – ${to}`);
  look.check(
    (await chart(page, 2, 'Lag').locator('.drawn').first().getAttribute('d')) !== before,
    'other charts follow',
  );
  await page.locator('#test-2 .reset').click();
  look.equal(await stretch(page, 2), '0 s to 1:00', 'the button resets');
  look.equal(await page.locator('#test-2 .reset').isDisabled(), true, 'nothing is left to reset');
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 60);
  look.equal(await stretch(page, 2), '0 s to 1:00', 'a double click resets');
}

async function legend(look, page) {
  const figure = chart(page, 2, 'Response time');
  const before = await figure.locator('.drawn').count();
  const key = figure.locator('.key', { hasText: 'max' });
  await key.click();
  look.equal(
    [await key.getAttribute('aria-pressed'), await figure.locator('.drawn').count()],
    ['false', before - 1],
    'a series switched off',
  );
  await key.press('Enter');
  look.equal(await figure.locator('.drawn').count(), before, 'and on again, by key');
}

/** Rows of errors, slow iterations and findings lead to their moment. */
async function jumps(look, page) {
  await openTest(page, 4);
  const rows = page
    .locator('#test-4 table', { has: page.locator('caption', { hasText: /^Errors/ }) })
    .locator('tbody tr');
  look.equal(await rows.count(), 3, 'rows of errors');
  look.check(
    (await rows.first().textContent()).includes('<img src=x onerror=alert(1)>'),
    'a message of markup is text',
  );
  await rows.first().locator('.jump').first().click();
  look.equal(
    await chart(page, 4, 'Rate').locator('.moment').textContent(),
    '30 s – 31 s',
    'where an error row leads',
  );
  look.check((await stretch(page, 4)) !== '0 s to 1:00', 'zoomed to it');
  await page
    .locator('#test-4 table', { has: page.locator('caption', { hasText: 'Slowest' }) })
    .locator('.jump')
    .first()
    .click();
  look.check((await chart(page, 4, 'Rate').locator('.cursor').count()) === 1, 'a slow iteration leads to its moment');
  await openTest(page, 2);
  look.equal(await page.locator('#test-2 .finding').count(), 3, 'findings');
  look.equal(await chart(page, 2, 'Rate').locator('.flag').count(), 2, 'those with a moment are marked');
  await page.locator('#test-2 .finding .jump').first().click();
  look.check(
    /30 s – 31 s|29 s – 30 s/.test(await chart(page, 2, 'Rate').locator('.moment').textContent()),
    'a finding leads to its moment',
  );
}

async function colours(look, page) {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const seen = [await paper()];
  for (let n = 0; n < 3; n += 1) {
    await page.locator('#theme').click();
    seen.push(await paper());
  }
  look.check(
    seen[0] === seen[1] && seen[1] !== seen[2] && seen[0] === seen[3],
    `system, light, dark, system: ${seen}`,
  );
}
