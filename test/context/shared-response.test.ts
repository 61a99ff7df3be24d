/** Which responses a shared cache may hand to others. The facts are those of RFC 9111, RFC 9213 and of the vendors. */
import { describe, expect, it } from 'vitest';
import { isShared } from '../../src/context/shared-response.js';

const headersOf = (given: Readonly<Record<string, string | string[]>>) => {
  const byName = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    getHeader: (name: string) => byName.get(name.toLowerCase()),
    getHeaderNames: () => Object.keys(given),
  };
};

const SHARED: readonly Readonly<Record<string, string | string[]>>[] = [
  { 'Cache-Control': 'max-age=60' },
  { 'cache-control': 'immutable' },
  { 'Cache-Control': 'must-revalidate' },
  { 'Cache-Control': 'max-age="60"' },
  { 'Cache-Control': ['no-transform', 'max-age=60'] },
  { 'Cache-Control': 'PUBLIC' },
  { 'Cache-Control': 'public, max-age=0' },
  { 'Cache-Control': 'public, no-cache' },
  { 'Cache-Control': 's-maxage=60' },
  { 'Cache-Control': 'max-age=0, s-maxage=60' },
  { 'Cache-Control': 'private="set-cookie", max-age=60' },
  { 'Cache-Control': 'max-age=60, no-cache="set-cookie, x"' },
  { 'Cache-Control': 'stale-while-revalidate=60' },
  { 'Cache-Control': '' },
  { 'Cache-Control': 'private, no-cache', 'X-Accel-Expires': '60' },
  { 'x-accel-expires': '@1900000000' },
  { 'CDN-Cache-Control': 'max-age=60' },
  { 'CDN-Cache-Control': 'public' },
  { 'Cache-Control': 'no-store', 'Vercel-CDN-Cache-Control': 's-maxage=60' },
  { 'Cloudflare-CDN-Cache-Control': 'max-age=60' },
  { 'netlify-cdn-cache-control': 'public, durable, max-age=60' },
  { 'Any-Other-CDN-Cache-Control': 'max-age=60' },
  { 'Surrogate-Control': 'max-age=60, content="ESI/1.0"' },
  { 'Surrogate-Control': 'content="ESI/1.0";max-age=3600+600' },
  { 'Edge-Control': '!no-cache, max-age=1d' },
  { 'Edge-Control': '!no-store, cache-maxage=60s' },
  { 'CDN-Cache-Control': 'no-store', 'Cache-Control': 'public, max-age=60' },
];

const UNSHARED: typeof SHARED = [
  {},
  { 'Content-Type': 'text/html', Expires: '0' },
  { 'Cache-Control': 'private' },
  { 'Cache-Control': 'private, max-age=60' },
  { 'Cache-Control': 'private, no-cache' },
  { 'Cache-Control': 'Private, s-maxage=60' },
  { 'Cache-Control': 'no-store' },
  { 'Cache-Control': 'public, no-store' },
  { 'Cache-Control': 'public, s-maxage=0' },
  { 'Cache-Control': 'max-age=60, s-maxage="0"' },
  { 'Cache-Control': 'no-cache' },
  { 'Cache-Control': 'max-age=0, must-revalidate' },
  { 'Cache-Control': 'private, no-cache', 'X-Accel-Expires': '0' },
  { 'Cache-Control': 'private', 'X-Accel-Expires': 'off' },
  { 'Cache-Control': 'private', 'X-Accel-Buffering': 'no' },
  { 'CDN-Cache-Control': 'private, max-age=60' },
  { 'CDN-Cache-Control': 'max-age=0' },
  { 'Surrogate-Control': 'no-store' },
  { 'Surrogate-Control': 'content="ESI/1.0"' },
  { 'Edge-Control': 'no-store' },
  { 'Edge-Control': 'bypass-cache, max-age=1d' },
  { 'Edge-Control': 'max-age=0s' },
  { 'X-CDN-Cache-Control-Hint': 'max-age=60', 'Cache-Control': 'private' },
];

const named = (table: typeof SHARED) => table.map((headers) => ({ name: JSON.stringify(headers), headers }));

describe('B1: a shared cache', () => {
  it.each(named(SHARED))('may store $name', ({ headers }) => {
    expect(isShared(headersOf(headers))).toBe(true);
  });

  it.each(named(UNSHARED))('stores nothing of $name', ({ headers }) => {
    expect(isShared(headersOf(headers))).toBe(false);
  });
});
