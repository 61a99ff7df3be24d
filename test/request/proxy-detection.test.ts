import { describe, expect, it } from 'vitest';
import type { IncomingRequest } from '../../src/model/http.js';
import { ProxyWatch } from '../../src/request/proxy-detection.js';
import { incoming } from './incoming.js';

const SOCKET = '10.0.0.9';

/** Whether a watch that sees nothing but such requests tells of a proxy. */
function tells(parts: Partial<IncomingRequest>): boolean {
  const watch = new ProxyWatch();
  const told = Array.from({ length: 100 }, () => watch.see(incoming({ ip: SOCKET, ...parts }))).filter(
    (each) => each !== undefined,
  );
  expect(told.length).toBeLessThanOrEqual(1);
  return told.length === 1;
}

describe('a proxy that the framework does not know of', () => {
  it.each<[string, Partial<IncomingRequest>, boolean]>([
    ['no proxy', {}, false],
    ['an address that is none of those forwarded', { headers: { 'x-forwarded-for': '1.2.3.4' } }, true],
    ['the first of them', { ip: '1.2.3.4', headers: { 'x-forwarded-for': '1.2.3.4, 10.0.0.1' } }, false],
    ['the last of them', { ip: '10.0.0.1', headers: { 'x-forwarded-for': '1.2.3.4,10.0.0.1' } }, false],
    ['in two headers', { ip: '10.0.0.1', headers: { 'x-forwarded-for': ['1.2.3.4', '10.0.0.1'] } }, false],
    ['with a port', { ip: '1.2.3.4:80', headers: { 'x-forwarded-for': '1.2.3.4:80' } }, false],
    ['as a dual-stack socket', { ip: '::ffff:1.2.3.4', headers: { 'x-forwarded-for': '1.2.3.4' } }, false],
    ['no address at all: a unix socket', { ip: '', headers: { 'x-forwarded-for': '1.2.3.4' } }, true],
    ['nothing forwarded', { headers: { 'x-forwarded-for': ' , ' } }, false],
    ['https that became http', { protocol: 'http', headers: { 'x-forwarded-proto': 'https' } }, true],
    ['https that is https', { headers: { 'x-forwarded-proto': 'https' } }, false],
    ['http', { protocol: 'http', headers: { 'x-forwarded-proto': 'http' } }, false],
    ['another host', { host: '10.0.0.9:3000', headers: { 'x-forwarded-host': 'shop.example' } }, true],
    ['the host', { host: 'shop.example', headers: { 'x-forwarded-host': 'Shop.example:443' } }, false],
    [
      'one of two hosts',
      { host: 'b.example', headers: { 'x-forwarded-host': 'a.example, b.example' } },
      false,
    ],
    ['one of two', { protocol: 'http', headers: { 'x-forwarded-proto': 'https, http' } }, false],
    [
      'an address that is believed, whatever the protocol',
      {
        ip: '1.2.3.4',
        protocol: 'http',
        headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' },
      },
      false,
    ],
    [
      'the end of a long list',
      { ip: '9.9.9.9', headers: { 'x-forwarded-for': `${'1.2.3.4, '.repeat(500)}9.9.9.9` } },
      false,
    ],
  ])('%s', (_what, parts, told) => {
    expect(tells(parts)).toBe(told);
  });

  it('is told of by its framework, or by all three where nobody says which', () => {
    const headers = { 'x-forwarded-for': '1.2.3.4' };
    const message = (parts: Partial<IncomingRequest>): string => {
      const watch = new ProxyWatch();
      return Array.from({ length: 30 }, () => watch.see(incoming({ headers, ip: SOCKET, ...parts }))).join(
        '',
      );
    };
    expect(message({ proxySetting: 'mine()' })).toMatch(/Tell it: mine\(\) \(see/);
    expect(message({})).toMatch(/trust proxy.*new Koa.*Fastify\(/);
    expect(message({})).not.toContain('1.2.3.4');
  });

  it('is looked for in the first requests only, and not read for after that', () => {
    const watch = new ProxyWatch();
    for (let n = 0; n < 30; n++) watch.see(incoming({ ip: SOCKET }));
    const unread = incoming();
    Object.defineProperty(unread, 'headers', {
      get() {
        throw new Error('read');
      },
    });
    expect(watch.see(unread)).toBeUndefined();
  });
});
