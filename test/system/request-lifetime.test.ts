/** What is kept of a request is no window on all of its head: a heap is measured, with a wide margin. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { aliasCookie } from '../../src/identity/cookies/alias-cookie.js';
import { UNSIGNED } from '../../src/identity/cookies/id-signer.js';
import { visitorCookie } from '../../src/identity/cookies/visitor-cookie.js';
import { createRequestReader } from '../../src/request/request-reader.js';
import { isBotClient } from '../../src/request/user-agent/bots.js';
import { flattenString } from '../../src/utils/flatten-string.js';
import { incoming } from '../request/incoming.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const COUNT = 500;
/** As long as Node takes them. */
const FILLER = 'x'.repeat(15_000);
/** A string that is in one piece, as those of a parser are. */
const whole = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** Bytes that are held for each of `COUNT` things that `keep` returns, or keeps itself. */
function heldFor(keep: (index: number) => unknown): number {
  const kept: unknown[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < COUNT; index++) kept.push(keep(index));
  collect();
  const held = (process.memoryUsage().heapUsed - before) / COUNT;
  expect(kept).toHaveLength(COUNT);
  return held;
}

describe('what outlives a request', () => {
  it('would hold all of the text that it is a part of', () => {
    expect(heldFor((index) => whole(`a-part-of-it-${index}${FILLER}`).slice(0, 20))).toBeGreaterThan(10_000);
    expect(
      heldFor((index) => flattenString(whole(`a-part-of-it-${index}${FILLER}`).slice(0, 20))),
    ).toBeLessThan(2_000);
    expect(flattenString('')).toBe('');
    expect(flattenString('ö🧥')).toBe('ö🧥');
  });

  it('is an id, and not its Cookie header', () => {
    const cookie = visitorCookie();
    const adoption = aliasCookie();
    const headers = (text: string) => incoming({ headers: { cookie: whole(text) } });
    expect(
      heldFor((index) =>
        cookie.read(headers(`a=${FILLER}; cv_vid=00000000-0000-0000-0000-${index}`), UNSIGNED.check()),
      ),
    ).toBeLessThan(2_000);
    expect(
      heldFor((index) =>
        adoption.read(
          headers(`a=${FILLER}; cv_vid_next=00000000-0000-0000-0000-${index}.0`),
          undefined,
          UNSIGNED.check(),
        ),
      ),
    ).toBeLessThan(2_000);
  });

  it('is the campaign of a segment, and not its URL', () => {
    const reader = createRequestReader({ onError: () => undefined });
    const held = heldFor((index) => {
      const url = whole(`/?utm_campaign=the-campaign-of-${index}&pad=${FILLER}`);
      const headers = { 'user-agent': `Mozilla/5.0 (X11; Linux x86_64; rv:1.0) Firefox/${index % 100}` };
      reader.read(incoming({ url, headers }), { isNewVisitor: true }).segments();
    });
    expect(held).toBeLessThan(4_000);
  });

  it('is what is looked at of a user agent, and not the rest of it', () => {
    expect(heldFor((index) => isBotClient(whole(`Agent/${index} ${FILLER}`), undefined))).toBeLessThan(4_000);
  });
});
