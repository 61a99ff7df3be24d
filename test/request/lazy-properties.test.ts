import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import {
  createRequestReader,
  type PropertiesOption,
  type RequestFacts,
} from '../../src/request/request-reader.js';
import { facts, incoming, watched } from './incoming.js';

const HEADERS = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0' };

const read = (properties: PropertiesOption): ReturnType<typeof facts> =>
  facts({ headers: HEADERS }, { properties });

describe("the app's properties", () => {
  it('go over the defaults', () => {
    const found = read({
      visitor: () => ({ plan: 'pro', browser: 'ours', os: undefined }),
      location: (_request, { path }) => ({ page: `page ${path}` }),
    });
    expect(found.visitor.get('plan')).toBe('pro');
    expect(found.visitor.get('browser')).toBe('ours');
    expect(found.visitor.get('os')).toBeUndefined();
    expect(found.visitor.get('device')).toBe('desktop');
    expect(found.visitorObject()).toMatchObject({ plan: 'pro', browser: 'ours', device: 'desktop' });
    expect(found.visitorObject()).not.toHaveProperty('os');
    expect(found.location.get('page')).toBe('page /');
    expect(found.locationObject()).toMatchObject({ page: 'page /', path: '/' });
    expect(found.errors).toEqual([]);
  });

  it('are asked for once per request, only when something is read, with the request of the framework', () => {
    const visitor = vi.fn(() => ({ plan: 'pro' }));
    const found = read({ visitor });
    found.location.get('path');
    found.segments();
    expect(visitor).not.toHaveBeenCalled();
    found.visitor.get('browser');
    found.visitor.get('plan');
    found.visitorObject();
    expect(visitor.mock.calls).toEqual([[{ raw: true }, expect.anything()]]);
  });

  it('see the options that they stand in as this', () => {
    const found = read({
      vocabulary: 'convert',
      visitor() {
        return { words: this.vocabulary };
      },
    });
    expect(found.visitor.get('words')).toBe('convert');
  });

  it('cost no user agent if they read none', () => {
    const { request, reads } = watched({ headers: HEADERS });
    const reader = createRequestReader({
      properties: { visitor: (_request, { language }) => ({ plan: 'pro', language }) },
      onError: () => {},
    });
    expect(reader.read(request, { isNewVisitor: true }).visitor.get('plan')).toBe('pro');
    expect(reads).toEqual(['raw', 'headers.accept-language']);
  });

  it('can spread the defaults, list them, and write on them', () => {
    const spread = read({ visitor: (_request, defaults) => ({ ...defaults, plan: 'pro' }) });
    expect(spread.visitor.get('browser')).toBe('firefox');
    expect(spread.visitor.get('plan')).toBe('pro');

    const listed = read({
      visitor: (_request, defaults) => ({ keys: Object.keys(defaults), has: 'os' in defaults }),
    });
    expect(listed.visitor.get('keys')).toEqual(expect.arrayContaining(['country', 'browser', 'utm_content']));
    expect(listed.visitor.get('has')).toBe(true);

    const written = read({
      visitor(_request, defaults) {
        const own = defaults as Record<string, unknown>;
        own.plan = 'pro';
        own.browser = `my ${String(own.browser)}`;
        delete own.os;
        return own;
      },
    });
    expect(written.visitor.get('plan')).toBe('pro');
    expect(written.visitor.get('browser')).toBe('my firefox');
    expect(written.visitor.get('os')).toBeUndefined();
    expect(written.visitor.get('device')).toBe('desktop');
    for (const found of [spread, listed, written]) expect(found.errors).toEqual([]);
  });

  it('show their defaults in a console', () => {
    let shown = '';
    read({
      visitor(_request, defaults) {
        shown = inspect(defaults);
        return {};
      },
    }).visitor.get('plan');
    expect(shown).toContain("browser: 'firefox'");
    expect(shown).not.toContain('headers');
  });

  it('may read the properties that they make: they see the defaults', () => {
    const visitor = (request: unknown): object => {
      const own = request as { facts?: RequestFacts };
      return { before: own.facts?.visitorObject().browser, browser: 'mine' };
    };
    const reader = createRequestReader({ properties: { visitor }, onError: () => {} });
    const raw: { facts?: RequestFacts } = {};
    const found = (raw.facts = reader.read(incoming({ headers: HEADERS, raw }), { isNewVisitor: true }));
    expect(found.visitor.get('before')).toBe('firefox');
    expect(found.visitorObject()).toMatchObject({ before: 'firefox', browser: 'mine' });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns a text', () => 'text'],
    ['returns an array', () => []],
    ['is async and fails', () => Promise.reject(new Error('late'))],
    [
      'returns a getter that throws',
      () => ({
        get plan(): string {
          throw new Error('broken');
        },
      }),
    ],
  ])('leave the defaults, and are reported once, where the function %s', (_, visitor) => {
    const found = read({ visitor: visitor as () => object });
    expect(found.visitor.get('browser')).toBe('firefox');
    expect(found.visitor.get('plan')).toBeUndefined();
    expect(found.visitorObject()).toMatchObject({ browser: 'firefox' });
    expect(found.errors.map(({ code }) => code)).toEqual(['CONVERT_CALLBACK']);
    expect(found.errors[0]?.message).toContain('properties.visitor');
  });

  it('cannot reach a prototype', () => {
    const found = read({ visitor: () => JSON.parse('{"__proto__":{"admin":true},"plan":"pro"}') as object });
    expect(Object.getPrototypeOf(found.visitorObject())).toBe(Object.prototype);
    expect((found.visitorObject() as { admin?: unknown }).admin).toBeUndefined();
  });
});
