/** The first file that a newcomer runs. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { addressOf, endAll, start } from './processes.js';
import { ROOT } from './root.js';
import { CHROME } from './shop.js';

afterEach(endAll);

it('answers without an account, in 25 lines, and says why curl gets the original and nothing is sent', async () => {
  const file = 'examples/first-run.js';
  expect(readFileSync(`${ROOT}/${file}`, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  const example = start([file]);
  const url = await addressOf(example);
  const page = async (userAgent: string): Promise<string> => {
    const response = await fetch(url, { headers: { 'User-Agent': userAgent } });
    return response.text();
  };
  for (let n = 0; n < 5; n++) expect(await page('curl/8.5.0')).toBe('<h1>Hello</h1>');
  const shown = await page(CHROME);
  const key = { '<h1>Hello</h1>': 'original', '<h1>Hello, B</h1>': 'version-b' }[shown];
  expect(key).toBeDefined();
  await expect.poll(() => example.said()).toContain(`homepage-hero: ${key} (bucketed)`);
  expect(example.said().match(/^convert: .*/gm)).toEqual([
    expect.stringContaining('so nothing is sent'),
    expect.stringContaining('the first 5 requests come from bots'),
  ]);
});

it.each(['README.md', 'docs/start/getting-started.md'])('is what %s shows', (page) => {
  const code = /```js\n(?:\/\/ first\.mjs\n)?(import[^]*?)```/.exec(
    readFileSync(`${ROOT}/${page}`, 'utf8'),
  )![1]!;
  const [, example] = readFileSync(`${ROOT}/examples/first-run.js`, 'utf8').split('*/\n');
  const upToListen = (text: string): string => text.split('app.listen(')[0]!.replace('const server = ', '');
  expect(upToListen(code)).toBe(upToListen(example!));
  expect(code).toMatch(/^app\.listen\(3000\);$/m);
});
