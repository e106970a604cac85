// Reports of several runs, of many tests, of none; and how they look at each width, in each theme, and on paper.

export async function checkCompared(look, address) {
  const page = await look.open(address);
  await page.evaluate(() => drawAll());
  look.equal(await page.locator('.overview tbody tr').count(), 10, 'tests');
  await page.locator('.overview a[href="#test-0"]').click();
  await page.evaluate(() => drawAll());
  const charts = await page
    .locator('#test-0 .chart')
    .evaluateAll((all) =>
      all.map((figure) => [
        figure.querySelector('h4').textContent,
        figure.querySelectorAll('.drawn, .filled').length,
      ]),
    );
  look.check(
    charts.length >= 8 && charts.every(([, drawn]) => drawn === 2),
    `a line for each run: ${JSON.stringify(charts)}`,
  );
  look.check(
    (await page.locator('#test-0 table').first().textContent()).includes('throughput'),
    'numbers side by side',
  );
  await look.shoot(page, 'compared');
  await page.context().close();
}

export async function checkMany(look, address) {
  const page = await look.open(address);
  const took = await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd);
  console.log(`many tests of an hour: loaded after ${Math.round(took)} ms`);
  look.equal(await page.locator('.overview tbody tr').count(), 20, 'tests');
  look.equal(await page.locator('.chart').count(), 0, 'nothing is drawn before it is opened');
  await page.locator('.overview a[href="#test-19"]').click();
  look.check((await page.locator('#test-19 .chart .drawn').count()) > 0, 'and then it is');
  await page.context().close();
}

export async function checkEmpty(look, address) {
  const page = await look.open(address);
  look.equal(await page.locator('h1').textContent(), '0 load tests', 'the heading');
  await page.context().close();
}

export async function checkLooks(look, address) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [380, 800, 1600]) {
      const page = await look.open(address, { viewport: { width, height: 900 }, colorScheme, hasTouch: width < 500 });
      await page.evaluate(() => {
        document.querySelectorAll('details').forEach((one) => {
          one.open = true;
        });
      });
      await page.waitForFunction(() => document.querySelectorAll('.chart').length > 90);
      await page.evaluate(() => drawAll());
      look.equal(
        await page.evaluate(() => document.documentElement.scrollWidth),
        width,
        `width at ${width}, ${colorScheme}`,
      );
      const out = await page.evaluate(() =>
        [...document.querySelectorAll('.chart, .tile, h2, .finding, button, .lead')]
          .filter(
            (one) =>
              one.getClientRects().length &&
              !one.closest('.scroll') &&
              one.getBoundingClientRect().right > innerWidth + 1,
          )
          .map((one) => one.outerHTML.slice(0, 80)),
      );
      look.equal(out, [], `beyond the edge at ${width}`);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      look.equal(paper === 'rgb(255, 255, 255)', colorScheme === 'light', `paper ${paper}, ${colorScheme}`);
      await look.shoot(page, `${width}-${colorScheme}`);
      await page.context().close();
    }
  }
  await paper(look, address);
}

/** Light, with all tests, and nothing wider than the page. */
async function paper(look, address) {
  const page = await look.open(address, { viewport: { width: 760, height: 1000 }, colorScheme: 'dark' });
  const pdf = await page.pdf({ format: 'A4', path: process.argv[7] ? `${process.argv[7]}/paper.pdf` : undefined });
  look.check(pdf.length > 50_000, `a PDF of ${pdf.length} bytes`);
  look.equal(await page.locator('details.test[open]').count(), 10, 'tests that are printed');
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  look.equal(
    await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    'rgb(255, 255, 255)',
    'paper is white',
  );
  look.check((await page.evaluate(() => document.documentElement.scrollWidth)) <= 760, 'nothing is cut off');
  await page.context().close();
}
