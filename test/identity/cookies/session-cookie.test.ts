/** The cookie of a session: when one goes on, what it keeps, and what becomes of a cookie that is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionCookie, type SessionCookieOptions } from '../../../src/identity/cookies/session-cookie.js';
import type { VisitorCookieOptions } from '../../../src/identity/cookies/visitor-cookie.js';
import {
  type Attribution,
  ATTRIBUTION_BYTES,
  type Session,
  TRAFFIC_SOURCES,
} from '../../../src/model/attribution.js';
import { facts } from '../../request/incoming.js';
import { incoming } from '../support.js';

const NOON = Date.UTC(2026, 10, 26, 12);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DIRECT: Attribution = { source: 'direct', campaign: '', medium: '', keyword: '', sourceName: '' };
const SPRING: Attribution = {
  source: 'campaign',
  campaign: 'spring, "sale"; 50%',
  medium: 'email',
  keyword: 'winterjas 🧥',
  sourceName: 'a=b',
};

const cookie = sessionCookie();

interface Visit {
  value?: string | undefined;
  at?: number;
  isNewcomer?: boolean;
  keepsAttribution?: boolean;
  begun?: Session;
}

/** One request: what it sees of the session, and the value that its response sets. */
function visit({ value, at = NOON, isNewcomer = false, keepsAttribution = true, begun }: Visit) {
  const request = incoming(value === undefined ? {} : { cookie: `a=1; cv_ses=${value}; b=2` });
  const carried = cookie.open(request, { now: at, isNewcomer, keepsAttribution });
  const { session } = carried;
  const line = carried.isDue
    ? carried.update(() => begun ?? { isFirst: true, attribution: SPRING })
    : undefined;
  const seen = session && { isFirst: session.isFirst, attribution: session.attribution };
  return { seen, line, value: /=([^;]*)/.exec(line ?? '')?.[1] };
}

const first = visit({});
const { value } = first;

describe('a session', () => {
  it('begins with a request that brings none, and tells the later ones how', () => {
    expect(first.seen).toBeUndefined();
    expect(value).toMatch(/^1\.[0-9a-z]{6}\.nc(\.[\w-]+){4}$/);
    expect(visit({ value }).seen).toEqual({ isFirst: true, attribution: SPRING });
    const second = visit({ begun: { isFirst: false, attribution: DIRECT } });
    expect(second.value).toMatch(/^1\.[0-9a-z]{6}\.rd$/);
    expect(visit({ value: second.value }).seen).toEqual({ isFirst: false, attribution: DIRECT });
  });

  it('tells the browser once a minute that it goes on', () => {
    expect(visit({ value, at: NOON + 59 * SECOND }).line).toBeUndefined();
    const renewed = visit({ value, at: NOON + MINUTE });
    expect(renewed.seen).toEqual({ isFirst: true, attribution: SPRING });
    expect(renewed.value).not.toBe(value);
    expect(visit({ value: renewed.value, at: NOON + 119 * SECOND })).toMatchObject({
      seen: { isFirst: true, attribution: SPRING },
      line: undefined,
    });
  });

  it('ends after 20 minutes without a request, never before', () => {
    // A request of 59 seconds later is not told to the browser: it counts all the same.
    expect(visit({ value, at: NOON + 21 * MINUTE - SECOND }).seen).toBeDefined();
    const next = visit({ value, at: NOON + 21 * MINUTE, begun: { isFirst: false, attribution: DIRECT } });
    expect(next.seen).toBeUndefined();
    expect(visit({ value: next.value, at: NOON + 21 * MINUTE }).seen).toEqual({
      isFirst: false,
      attribution: DIRECT,
    });
  });

  it('goes on for as long as requests come', () => {
    let now = NOON;
    let carried = value;
    for (let request = 0; request < 10; request++) {
      now += 20 * MINUTE;
      const each = visit({ value: carried, at: now });
      expect(each.seen).toEqual({ isFirst: true, attribution: SPRING });
      carried = each.value;
    }
  });

  it('of a server whose clock is ahead is put right', () => {
    expect(visit({ value, at: NOON - 30 * SECOND }).line).toBeUndefined();
    const ahead = visit({ value, at: NOON - 2 * MINUTE });
    expect(ahead.seen).toBeDefined();
    expect(ahead.value).toBeDefined();
    expect(visit({ value: ahead.value, at: NOON + 20 * MINUTE }).seen).toBeUndefined();
  });

  it('of somebody else is none for a visitor who is new', () => {
    const newcomer = visit({ value, isNewcomer: true, begun: { isFirst: true, attribution: DIRECT } });
    expect(newcomer.seen).toBeUndefined();
    expect(newcomer.value).toMatch(/\.nd$/);
  });

  it('keeps nothing of how the visitor got here where the project says so', () => {
    const quiet = visit({ keepsAttribution: false });
    expect(quiet.value).toMatch(/^1\.[0-9a-z]{6}\.n$/);
    expect(visit({ value: quiet.value, keepsAttribution: false })).toMatchObject({
      seen: { isFirst: true, attribution: undefined },
      line: undefined,
    });
    // What an earlier setting has kept goes at once.
    const forgotten = visit({ value, keepsAttribution: false });
    expect(forgotten.seen).toEqual({ isFirst: true, attribution: undefined });
    expect(forgotten.value).toMatch(/^1\.[0-9a-z]{6}\.n$/);
    // And what a later one allows begins with the next session.
    expect(visit({ value: quiet.value, at: NOON + MINUTE }).value).toMatch(/\.n$/);
  });
});

describe('the cookie of a session', () => {
  it.each<[string, VisitorCookieOptions | undefined, SessionCookieOptions | undefined, string]>([
    ['by default', undefined, undefined, 'cv_ses=X; Max-Age=1260; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [
      'as the visitor cookie, but for its age',
      { domain: 'shop.example', maxAge: 60, secure: false },
      undefined,
      'cv_ses=X; Max-Age=1260; Domain=shop.example; Path=/; HttpOnly; SameSite=Lax',
    ],
    [
      'as it is told',
      { domain: 'shop.example', secure: false },
      { name: 'ses', domain: 'example', sameSite: 'none', secure: true },
      'ses=X; Max-Age=1260; Domain=example; Path=/; HttpOnly; Secure; SameSite=None',
    ],
  ])('has attributes %s', (_name, visitor, options, expected) => {
    const given = sessionCookie(options, visitor);
    const line = given
      .open(incoming(), { now: NOON, isNewcomer: false, keepsAttribution: true })
      .update(() => ({ isFirst: true, attribution: DIRECT }));
    expect(line.replace(/=[^;]*/, '=X')).toBe(expected);
    const name = expected.split('=')[0]!;
    expect(given.expire(incoming())[0]).toMatch(new RegExp(`^${name}=; Max-Age=0; `));
    expect(given.present(incoming({ cookie: `${name}=whatever` }))).toBe(true);
    expect(given.present(incoming({ cookie: `x${name}=whatever` }))).toBe(false);
  });

  it('carries whatever a request said, in 512 bytes of letters, digits, dot, minus and underscore', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('é', '漢', '🧥', 'a', '\0', ';', '\r\n', '%', '\ud800').map((unit) => unit.repeat(300)),
    );
    fc.assert(
      fc.property(text, text, text, text, fc.webUrl(), fc.boolean(), (...given) => {
        const [campaign, medium, keyword, source, referer, isFirst] = given;
        const query = Object.entries({ campaign, medium, term: keyword, source }).map(
          ([name, each]) => `utm_${name}=${encodeURIComponent(each.toWellFormed())}`,
        );
        const { attribution } = facts({ url: `/?${query.join('&')}`, headers: { referer } });
        const begun = visit({ begun: { isFirst, attribution } });
        expect(begun.value).toMatch(/^[\w.-]+$/);
        expect(`cv_ses=${begun.value}`.length).toBeLessThanOrEqual(512);
        expect(visit({ value: begun.value }).seen).toEqual({ isFirst, attribution });
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no time', '.nd'],
    ['a time that is none', 'ABC.nd'],
    ['too long a time', `${'z'.repeat(9)}.nd`],
    ['no type', 'tbz3k0.'],
    ['another type', 'tbz3k0.xd'],
    ['another source', 'tbz3k0.nx'],
    ['texts without a source', 'tbz3k0.n.YQ'],
    ['too many texts', 'tbz3k0.nd.YQ.YQ.YQ.YQ.YQ'],
    ['too long a text', `tbz3k0.nd.${'a'.repeat(215)}`],
    ['what is too long', `tbz3k0.nd${`.${'a'.repeat(200)}`.repeat(4)}`],
    ['other characters', 'tbz3k0.nd.a+b'],
    ['an end of its own', 'tbz3k0.nd\n'],
    ['a script', '<script>'],
  ])('counts as absent with %s', (_what, bad) => {
    const time = Math.floor(NOON / SECOND).toString(36);
    const now = bad.replace('tbz3k0', time);
    expect(visit({ value: encodeURIComponent(now) }).seen).toBeUndefined();
    // And the one that it is made of counts.
    expect(visit({ value: `${time}.nd` }).seen).toBeDefined();
  });

  it('that a client makes up is bounded, and never throws', () => {
    const time = fc.oneof(
      fc.constant(Math.floor(NOON / SECOND).toString(36)),
      fc.string({ maxLength: 9 }),
      fc.constantFrom('zzzzzzzz', '0', '-1', '1e9', 'NaN'),
    );
    const piece = fc.oneof(
      fc.constantFrom('', 'YQ', '____', '-', '_8', '8J-Y', '__proto__'),
      fc.constantFrom('.', '=', '%00', '%0d%0a', ';'),
      fc.constantFrom('8J-YgA', '_', 'A').map((unit) => unit.repeat(90)),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    const type = fc.constantFrom('n', 'r', 'nc', 'na', 'ns', 'rr', 'rd', 'x', 'nn');
    const made = fc
      .tuple(time, type, fc.array(piece, { maxLength: 5 }))
      .map(([at, code, texts]) => [at, code, ...texts].join('.'));
    let accepted = 0;
    fc.assert(
      fc.property(made, fc.boolean(), (forged, keepsAttribution) => {
        const { seen, line } = visit({ value: forged, at: NOON + 5 * MINUTE, keepsAttribution });
        expect(line ?? 'cv_ses=x; ').toMatch(/^cv_ses=[\w.-]{1,505}; /);
        if (seen === undefined) return;
        accepted += 1;
        expect(typeof seen.isFirst).toBe('boolean');
        if (seen.attribution === undefined) return;
        const { source, ...texts } = seen.attribution;
        expect(TRAFFIC_SOURCES).toContain(source);
        for (const [name, text] of Object.entries(texts)) {
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(ATTRIBUTION_BYTES[name as keyof typeof texts]);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('several session cookies', () => {
  it('A1: of them, the first that holds a session counts', () => {
    const over = visit({ at: NOON - 60 * MINUTE }).value!;
    for (const stale of ['s%3Aold.sig', '', over, `${value}!`]) {
      const { seen, line } = visit({ value: `${stale}; cv_ses=${value}` });
      expect(seen).toEqual({ isFirst: true, attribution: SPRING });
      expect(line).toBeUndefined();
    }
    expect(visit({ value: `x; ${'cv_ses=x; '.repeat(7)}cv_ses=${value}` }).seen).toBeUndefined();
  });
});

describe('F7: a session cookie of a newer format', () => {
  it('is left alone, and told', () => {
    const told: string[] = [];
    const newer = sessionCookie({}, {}, (name) => told.push(name));
    const context = { now: NOON, isNewcomer: false, keepsAttribution: true };
    for (const isNewcomer of [true, false]) {
      const carried = newer.open(incoming({ cookie: 'cv_ses=99.something.else' }), {
        ...context,
        isNewcomer,
      });
      expect(carried).toMatchObject({ session: undefined, isDue: false });
    }
    expect(told).toEqual(['cv_ses', 'cv_ses']);
    // It is removed where consent is denied.
    expect(newer.expire(incoming({}))).toHaveLength(1);
    expect(newer.open(incoming({ cookie: `cv_ses=99.a.b; cv_ses=${value}` }), context).session).toBeDefined();
  });
});
