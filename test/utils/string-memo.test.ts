import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { memoizeByString } from '../../src/utils/string-memo.js';

describe('what is known at a glance', () => {
  it('is what the answer would be, whatever else was asked', () => {
    const texts = fc.array(fc.oneof(fc.string(), fc.string({ minLength: 500, maxLength: 530 })));
    fc.assert(
      fc.property(texts, (asked) => {
        const known = memoizeByString((text) => `[${text}]`);
        for (const text of [...asked, ...asked]) expect(known(text)).toBe(`[${text}]`);
      }),
    );
  });

  it('is answered once, also where the answer is undefined', () => {
    const answer = vi.fn(() => undefined);
    const known = memoizeByString(answer);
    for (let n = 0; n < 3; n++) expect(known('Mozilla/5.0')).toBeUndefined();
    expect(answer).toHaveBeenCalledTimes(1);
  });

  it('does not keep what is long', () => {
    const answer = vi.fn((text: string) => text.length);
    const known = memoizeByString(answer);
    known('x'.repeat(512));
    known('x'.repeat(512));
    known('x'.repeat(513));
    known('x'.repeat(513));
    expect(answer.mock.calls.map(([text]) => text.length)).toEqual([512, 513, 513]);
  });
});
