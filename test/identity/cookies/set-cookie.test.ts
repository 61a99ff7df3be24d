/** The attributes of our cookies: what fits the request, so that browsers keep them. */
import { describe, expect, it } from 'vitest';
import { setCookie, type SetCookieOptions } from '../../../src/identity/cookies/set-cookie.js';
import { incoming } from '../support.js';

const cookie = (options: Partial<SetCookieOptions> = {}) =>
  setCookie({
    name: 'c',
    domain: undefined,
    maxAge: 60,
    sameSite: 'lax',
    secure: undefined,
    partitioned: undefined,
    ...options,
  });

const HTTP = { protocol: 'http' };
const domainIn = (line: string): string | undefined => /; Domain=([^;]*)/.exec(line)?.[1];

describe('the Domain of a cookie', () => {
  it.each([
    ['shop.example', 'shop.example', 'shop.example'],
    ['shop.example', 'www.shop.example', 'shop.example'],
    ['.shop.example', 'Www.Shop.Example:8443', 'shop.example'],
    ['Shop.Example', 'shop.example', 'shop.example'],
    ['shop.example', 'localhost:3000', undefined],
    ['shop.example', '127.0.0.1:3000', undefined],
    ['shop.example', '[::1]:3000', undefined],
    ['shop.example', 'myshop.example', undefined],
    ['shop.example', 'shop.example.evil.example', undefined],
    ['www.shop.example', 'shop.example', undefined],
    ['0.0.1', '127.0.0.1', undefined],
    ['shop.example', '', undefined],
    ['shop.example', 'not a host, shop.example', undefined],
  ])('A8: %s on %s is %s', (domain, host, expected) => {
    const made = cookie({ domain });
    expect(domainIn(made.issue('a', incoming({}, { host })))).toBe(expected);
    expect(made.problem(incoming({}, { host }))).toBe(expected === undefined ? 'foreign-domain' : undefined);
  });
});

describe('Secure', () => {
  const isSecure = (options: Partial<SetCookieOptions>, host: string, site?: string): boolean => {
    const headers: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site };
    return / Secure;/.test(cookie(options).issue('a', incoming(headers, { ...HTTP, host })));
  };

  it('A8: is left out if the framework says http, and the browser does not say that it is https', () => {
    expect(isSecure({}, 'shop.example')).toBe(false);
    expect(isSecure({}, '10.0.0.1:3000')).toBe(false);
    // Behind a proxy that the framework does not trust.
    expect(isSecure({}, 'shop.example', 'none')).toBe(true);
    expect(cookie().issue('a', incoming())).toContain('; Secure;');
  });

  it('A8: is left out on localhost, where Safari sends Sec-Fetch-Site and keeps no Secure cookie', () => {
    expect(isSecure({}, 'localhost:3000', 'none')).toBe(false);
  });

  it.each<[string, Partial<SetCookieOptions>]>([
    ['secure: true', { secure: true }],
    ["sameSite: 'none'", { sameSite: 'none' }],
    ["sameSite: 'none' with secure: false", { sameSite: 'none', secure: false }],
    ['a name with __Host-', { name: '__Host-c' }],
    ['a name with __Secure-', { name: '__Secure-c' }],
    ['a name with __host-, as browsers compare it', { name: '__host-c' }],
  ])('A8: stays with %s', (_name, options) => {
    for (const host of ['localhost:3000', 'shop.example']) expect(isSecure(options, host)).toBe(true);
  });

  it('A8: says where browsers would refuse the cookie, or others could read it', () => {
    const at = (options: Partial<SetCookieOptions>, host: string, headers: Record<string, string> = {}) =>
      cookie(options).problem(incoming(headers, { ...HTTP, host }));
    expect(at({}, 'shop.example')).toBe('plain-http');
    expect(at({ secure: true }, 'shop.example')).toBe('plain-http');
    expect(at({ secure: false }, 'shop.example')).toBeUndefined();
    expect(at({}, 'shop.example', { 'sec-fetch-site': 'none' })).toBeUndefined();
    expect(at({}, 'localhost:3000')).toBeUndefined();
    expect(cookie().problem(incoming())).toBeUndefined();
  });
});

describe('the lines that expire a cookie', () => {
  const domain = 'shop.example';

  it('B2: name it with and without Domain, at /', () => {
    expect(cookie({ domain }).expire(incoming())).toEqual([
      'c=; Max-Age=0; Domain=shop.example; Path=/; Secure; SameSite=Lax',
      'c=; Max-Age=0; Path=/; Secure; SameSite=Lax',
    ]);
    expect(cookie().expire(incoming())).toEqual(['c=; Max-Age=0; Path=/; Secure; SameSite=Lax']);
    expect(cookie({ domain }).expire(incoming({}, { host: 'localhost' }))).toHaveLength(1);
  });

  it('B2: name it with and without Partitioned, which browsers keep apart as well', () => {
    const lines = cookie({ domain, sameSite: 'none', partitioned: true }).expire(incoming());
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => line.includes('Partitioned'))).toHaveLength(2);
    expect(cookie({ sameSite: 'none' }).expire(incoming())).toHaveLength(2);
  });

  it('B2: without the line of the cookie that is set anew', () => {
    const made = cookie({ domain });
    expect(made.expireOthers(incoming())).toEqual(made.expire(incoming()).slice(1));
    expect(domainIn(made.expireOthers(incoming())[0]!)).toBeUndefined();
    expect(cookie().expireOthers(incoming())).toEqual([]);
  });
});

describe('a partitioned cookie', () => {
  it('A9: says so, and is Secure', () => {
    const line = cookie({ sameSite: 'none', partitioned: true }).issue('a', incoming({}, HTTP));
    expect(line).toBe('c=a; Max-Age=60; Path=/; Secure; Partitioned; SameSite=None');
  });
});
