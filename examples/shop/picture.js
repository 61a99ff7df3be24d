/**
 * Makes screenshot.png: two variations of the shop, why a visitor sees one of them, and the events that arrive. It is
 * run by hand when the shop looks otherwise: `npm run build && node examples/shop/picture.js`. It needs Chromium
 * (CHROMIUM_PATH, else /usr/bin/chromium).
 */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { html, raw } from './html.js';
import { startShop } from './server.js';

const FILE = fileURLToPath(new URL('screenshot.png', import.meta.url));
/** Of a real browser: a headless one says that it is a bot, and gets the original page. */
const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const WINDOW = { width: 1280, height: 960 };
/** The most bytes, so that a README with it loads fast. */
const MOST = 200_000;

const STYLE = `
  body { margin: 0; }
  main {
    display: grid; grid-template-columns: 1fr 1fr; gap: 20px 24px; width: 976px; padding: 20px 24px 24px;
    background: #fff; color: #23362d; font: 600 19px/1.3 'DejaVu Sans Condensed', sans-serif;
  }
  figure { margin: 0; display: flex; flex-direction: column; }
  figcaption { margin-bottom: 10px; }
  b { font-family: 'DejaVu Sans Mono', monospace; font-size: 0.92em; color: #9f4a28; }
  img { display: block; width: 100%; border-radius: 10px; }
  .shop img { box-shadow: 0 0 0 1px #d9cfbc; }
  .panel img { box-sizing: border-box; padding: 18px; background: #17211c; flex: 1; object-fit: contain; object-position: top; }
`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
const shop = await startShop({ port: 0 });
await shop.convert.ready();
try {
  const original = await shotsOf('original', 1);
  const story = await shotsOf('story', 2);
  const page = await browser.newPage({ viewport: WINDOW });
  await page.setContent(String(composed(original, story)));
  const { length } = await page.locator('main').screenshot({ path: FILE });
  console.log(`${FILE}: ${length} bytes`);
  if (length > MOST) throw new Error(`these are more than ${MOST}: leave something out of the picture`);
} finally {
  await browser.close();
  await shop.close();
}

/**
 * Pictures of what a visitor sees whose hero is this one: the page, and the parts of the panel.
 *
 * @param arrived the number of events that have arrived then
 */
async function shotsOf(hero, arrived) {
  const context = await browser.newContext({
    viewport: WINDOW,
    userAgent: USER_AGENT,
    deviceScaleFactor: 2,
  });
  const { hostname } = new URL(shop.url);
  const cookie = (name, value) => ({ name, value, domain: hostname, path: '/' });
  await context.addCookies([cookie('consent', 'granted'), cookie('cv_vid', await visitorWith(hero))]);
  const page = await context.newPage();
  await page.goto(shop.url);
  await page.waitForSelector(`[data-events] li:nth-child(${arrived})`);
  // An event that has just arrived is highlighted for a moment.
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))');
  const shot = async (selector) => {
    const { x, y, width, height } = await page.locator(selector).first().boundingBox();
    // Whole pixels, without the line that parts the sections.
    return page.screenshot({ clip: { x, y: Math.ceil(y) + 1, width, height: Math.floor(height) - 2 } });
  };
  const { width } = await page.locator('.shop').boundingBox();
  const shots = {
    page: await page.screenshot({ clip: { x: 0, y: 38, width, height: 622 } }),
    why: await shot('.panel section'),
    sent: await shot('.sent'),
  };
  await context.close();
  return shots;
}

/** The same visitors each time: the ids are tried in turn, without enrolling anybody. */
async function visitorWith(hero) {
  for (let number = 1; ; number += 1) {
    const id = `v${number}`;
    const context = await shop.convert.forVisitor(id, { consent: 'granted' });
    const shown = context.peek('home-hero', { locationProperties: { path: '/' } });
    if (shown?.key === hero) return id;
  }
}

function composed(original, story) {
  const picture = (png, text, name) =>
    html`<figure class="${name}">
      <figcaption>${raw(text)}</figcaption>
      <img src="data:image/png;base64,${png.toString('base64')}" />
    </figure>`;
  return html`<style>
      ${raw(STYLE)}
    </style>
    <main>
      ${picture(original.page, 'One visitor gets <b>original</b>', 'shop')}
      ${picture(story.page, 'Another one gets <b>story</b>', 'shop')}
      ${picture(story.why, 'Why: <b>convert.explain()</b>', 'panel')}
      ${picture(story.sent, 'The event arrives, and all are accounted for', 'panel')}
    </main>`;
}
