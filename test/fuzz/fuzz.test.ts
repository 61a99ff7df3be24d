/** Some hundred hostile requests to one framework over real sockets, and what a test of them is worth. */
import { describe, expect, it } from 'vitest';
import { hostileRequests } from './hostile.js';
import { wrongWithPage } from './page.js';
import { corpus } from './requests.js';

describe('hostile requests', () => {
  hostileRequests(150, ['Express']);

  it('have a corpus', () => {
    expect(corpus().length).toBeGreaterThan(30);
  });
});

describe('the page of a hostile request', () => {
  const good =
    '<!doctype html><html data-cv-variations="{}"><head><meta name="a" content="b"><script>window.__CV__={};window.__CV_CONTEXT__={"exposed":[]}</script></head><body><script type="application/json">{"variations":{},"exposed":[]}</script></body></html>';
  it.each([
    ['an element more', good.replace('</head>', '<img ></head>')],
    [
      'a script that ends early',
      good.replace('"exposed":[]}</script></head>', '"exposed":[]}</script><script></script></head>'),
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
