/** The cookies of a request, by name. */
import { describe, expect, it } from 'vitest';
import { cookieNamed, RequestCookies } from '../../../src/request/cookies.js';
import { incoming } from '../support.js';

describe('the cookies of a request', () => {
  it('are decoded, and malformed escapes stay', () => {
    const cookies = new RequestCookies(incoming({ cookie: 'a=1; b=x%20y; c=%E0%A4; d=; e="q"' }));
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => cookies.get(name))).toEqual([
      '1',
      'x y',
      '%E0%A4',
      '',
      'q',
      undefined,
    ]);
  });

  it('are none of the prototype, and none where the request brings none', () => {
    for (const cookies of [new RequestCookies(incoming()), new RequestCookies(incoming({ cookie: 'a=1' }))]) {
      for (const name of ['constructor', '__proto__', 'toString', ''])
        expect(cookies.get(name)).toBeUndefined();
    }
    expect(new RequestCookies(incoming({ cookie: '__proto__=1' })).get('__proto__')).toBe('1');
  });

  it('may come in several headers', () => {
    const request = incoming({ cookie: ['a=1', 'b=2'] });
    expect(new RequestCookies(request).get('b')).toBe('2');
    expect(cookieNamed('b')(request)).toBe('2');
  });

  it('are read once, and not before they are asked for', () => {
    let reads = 0;
    const headers = {
      get cookie() {
        reads++;
        return 'a=1; b=2';
      },
    };
    const cookies = new RequestCookies({ ...incoming(), headers });
    expect(reads).toBe(0);
    expect([cookies.get('a'), cookies.get('b'), cookies.get('c')]).toEqual(['1', '2', undefined]);
    expect(reads).toBe(1);
  });

  it('count within 16,384 characters of the header, in full', () => {
    const of = (cookie: string) => new RequestCookies(incoming({ cookie }));
    const filler = `x=${'x'.repeat(16_384 - 'x=; a=1'.length)}`;
    expect(of(`${filler}; a=1`).get('a')).toBe('1');
    expect(of(`${filler}; a=12`).get('a')).toBeUndefined();
    expect(of(`${filler}; a=1; b=2`).get('a')).toBe('1');
    expect(of(`${filler}; a=1; b=2`).get('b')).toBeUndefined();
    expect(of(`a=${'1'.repeat(17_000)}`).get('a')).toBeUndefined();
  });
});
