import { describe, expect, it, vi } from 'vitest';
import { isBotClient, parseUserAgent } from '../../../src/request/user-agent/parse-user-agent.js';
import type { UserAgentParser } from '../../../src/request/user-agent/parser.js';
import { createUserAgentReader } from '../../../src/request/user-agent/user-agent-cache.js';
import { UNKNOWN_CLIENT } from '../../../src/request/user-agent/user-agent.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const brands = (browser: string, version = 131): Record<string, string> => ({
  'user-agent': CHROME,
  'sec-ch-ua': `"${browser}";v="${version}", "Chromium";v="${version}", "Not_A Brand";v="24"`,
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Windows"',
});

function reader(max?: number, parse = parseUserAgent) {
  const read = createUserAgentReader(max, { loaded: { parseUserAgent: parse, isBotClient } });
  return (headers: Record<string, string>) => read(headers['user-agent'] ?? '', headers);
}

describe('the client reader', () => {
  it('parses each user agent once', () => {
    const parse = vi.fn(parseUserAgent);
    const read = reader(10, parse);
    expect(read({ 'user-agent': 'curl/8.5.0' })).toBe(read({ 'user-agent': 'curl/8.5.0' }));
    expect(parse).toHaveBeenCalledTimes(1);
    expect(read({})).toBe(read({ 'user-agent': '' }));
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it('parses it once more for each set of hints, and gives all who are alike one object', () => {
    const parse = vi.fn(parseUserAgent);
    const read = reader(10, parse);
    const clients = ['Google Chrome', 'Brave'].map((browser) => read(brands(browser)));
    expect(clients.map(({ browser }) => browser)).toEqual(['chrome', 'brave']);
    for (let n = 0; n < 3; n++) {
      expect(read(brands('Google Chrome'))).toBe(clients[0]);
      expect(read(brands('Brave'))).toBe(clients[1]);
      expect(read({ 'user-agent': CHROME }).browser).toBe('chrome');
    }
    expect(parse).toHaveBeenCalledTimes(3);
  });

  it('parses once also where clients of one user agent come in many builds', () => {
    const parse = vi.fn(parseUserAgent);
    const read = reader(100, parse);
    for (let n = 0; n < 5; n++) {
      for (let version = 100; version < 120; version++) {
        expect(read(brands('Brave', version)).browserVersion).toBe(String(version));
      }
    }
    expect(parse).toHaveBeenCalledTimes(20);
  });

  it('tells from what a hint leaves out', () => {
    const read = reader();
    const phone = {
      'user-agent':
        'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
      'sec-ch-ua-mobile': '?1',
    };
    expect(read(phone).device).toBe('mobile');
    expect(read({ ...phone, 'sec-ch-ua-mobile': '?0' }).device).toBe('tablet');
    expect(read({ ...phone, 'sec-ch-ua-form-factors': '"Tablet"' }).device).toBe('tablet');
    expect(read(phone).device).toBe('mobile');
  });

  it('looks at the first 512 characters of a user agent, and at no hint of more than 256', () => {
    const parse = vi.fn(parseUserAgent);
    const read = reader(10, parse);
    const text = 'x'.repeat(512);
    const endless = `${'"Brave";v="131", '.repeat(20)}"Brave";v="131"`;
    expect(read({ 'user-agent': `${text}a` })).toBe(read({ 'user-agent': `${text}b` }));
    expect(read({ 'user-agent': text, 'sec-ch-ua': endless })).toBe(read({ 'user-agent': text }));
    expect(parse).toHaveBeenCalledTimes(1);
    expect(parse.mock.calls[0]?.[0]).toBe(text);
  });

  it('G5: knows no client until the parser is loaded, and keeps no such answer', () => {
    const parser: { loaded: UserAgentParser | undefined } = { loaded: undefined };
    const read = createUserAgentReader(10, parser);
    expect(read(CHROME, {})).toBe(UNKNOWN_CLIENT);
    parser.loaded = { parseUserAgent, isBotClient };
    expect(read(CHROME, {})).toMatchObject({ browser: 'chrome', device: 'desktop' });
    expect(parseUserAgent('')).toEqual(UNKNOWN_CLIENT);
  });

  it('forgets what is not used, and keeps what is', () => {
    const parse = vi.fn(parseUserAgent);
    const read = reader(3, parse);
    for (let i = 0; i < 3000; i++) {
      read({ 'user-agent': 'regular' });
      read({ 'user-agent': `stranger ${i}` });
    }
    // The strangers pushed it out of the cache a few times.
    expect(parse.mock.calls.filter(([text]) => text === 'regular').length).toBeLessThan(100);
    read({ 'user-agent': 'stranger 1500' });
    expect(parse.mock.calls.filter(([text]) => text === 'stranger 1500')).toHaveLength(2);
  });
});
