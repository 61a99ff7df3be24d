/**
 * A few thousand hostile requests to each framework over real sockets; `npm run fuzz` sends as many as you like.
 * `FUZZ_COUNT` and `FUZZ_SEED` send others here, too.
 */
import { describe, expect, it } from 'vitest';
import { wrongWithPage } from './page.js';
import { corpus } from './requests.js';
import { FRAMEWORK_NAMES, fuzz } from './run.js';

const count = Number(process.env.FUZZ_COUNT ?? 2_000);
const seed = Number(process.env.FUZZ_SEED ?? 1);

describe('hostile requests', () => {
  it.each(FRAMEWORK_NAMES)('get answers that are as they should be: %s', async (framework) => {
    const { statuses, events, failures } = await fuzz({ framework, count, seed });
    expect(failures).toEqual([]);
    // Else they had reached nothing.
    expect(statuses[200]).toBeGreaterThan(count * 0.7);
    expect(events).toBeGreaterThan(count * 0.1);
  });

  it('have a corpus', () => {
    expect(corpus().length).toBeGreaterThan(30);
  });
});

describe('the page of a hostile request', () => {
  const good =
    '<!doctype html><html data-cv-variations="{}"><head><meta name="a" content="b"><script>window.__CV__={"variations":{}}</script></head><body><script type="application/json">{"variations":{}}</script></body></html>';
  it.each([
    ['an element more', good.replace('</head>', '<img ></head>')],
    [
      'a script that ends early',
      good.replace('"variations":{}}</script></head>', '"variations":{}}</script><script></script></head>'),
    ],
    ['an attribute more', good.replace('content=', 'onload="x" content=')],
    ['a quote in an attribute', good.replace('"{}"', '"{"a":1}"')],
  ])('is not taken for ours with %s', (_what, html) => {
    expect(wrongWithPage(good)).toBeUndefined();
    expect(() => {
      const wrong = wrongWithPage(html);
      if (wrong !== undefined) throw new Error(wrong);
    }).toThrow();
  });
});
