import { nodeDigests } from '../../src/utils/node/digests.js';
import { newUuid } from '../../src/utils/node/uuid.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprinter } from '../../src/identity/fingerprint.js';
import { visitorReader, type VisitorReaderOptions } from '../../src/identity/visitor-identity.js';
import type { IncomingRequest } from '../../src/model/http.js';
import type { ConvertError } from '../../src/utils/errors.js';
import { incoming } from './support.js';

function reader(options: Partial<VisitorReaderOptions> = {}) {
  const errors: ConvertError[] = [];
  return {
    errors,
    ...visitorReader({ digests: nodeDigests, newUuid, onError: (error) => errors.push(error), ...options }),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** An id of a form that counts beside ids of the app, too. */
const COOKIE_ID = '11111111-1111-4111-8111-111111111111';

describe('who the visitor is', () => {
  it('the id of the app, then the cookie, then a new id', () => {
    const app = reader({ visitor: { id: (raw) => (raw as { user?: string }).user } });
    const cookie = { cookie: `cv_vid=${COOKIE_ID}` };
    expect(app.identify(incoming(cookie, { raw: { user: 'u1' } }))).toMatchObject({
      id: 'u1',
      origin: 'app',
    });
    expect(app.identify(incoming(cookie))).toMatchObject({ id: COOKIE_ID, origin: 'cookie' });
    const generated = app.identify(incoming());
    expect(generated).toMatchObject({
      origin: 'generated',
      mode: 'enrol',
      consent: 'granted',
      excludedBy: undefined,
    });
    expect(generated.id).toMatch(UUID);
  });

  it.each<[unknown, string | undefined]>([
    ['u', 'u'],
    [42, '42'],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%j as the id of the app', (given, id) => {
    const { identify, errors } = reader({ visitor: { id: () => given as never } });
    const visitor = identify(incoming());
    if (id === undefined) expect(visitor.origin).toBe('generated');
    else expect(visitor).toMatchObject({ id, origin: 'app' });
    expect(errors).toEqual([]);
  });

  it.each([
    ['an object', () => ({})],
    ['a promise', async () => 'x'],
    ['a rejection', () => Promise.reject(new Error('lost'))],
    ['text without end', () => 'x'.repeat(300)],
    ['no number', () => Number.NaN],
  ])('goes on with the cookie where the app gives %s, and says so', (_name, given) => {
    const { identify, errors } = reader({ visitor: { id: given as never } });
    expect(identify(incoming({ cookie: `cv_vid=${COOKIE_ID}` }))).toMatchObject({
      id: COOKIE_ID,
      origin: 'cookie',
    });
    expect(errors).toMatchObject([{ code: 'CONVERT_CALLBACK' }]);
  });

  it('goes on with the cookie where the function of the app throws', () => {
    const { identify, errors } = reader({
      visitor: {
        id: () => {
          throw new TypeError('no user');
        },
      },
    });
    expect(identify(incoming({ cookie: `cv_vid=${COOKIE_ID}` })).id).toBe(COOKIE_ID);
    expect(errors[0]?.message).toMatch(/`visitor.id` function threw, the cookie is used instead \(TypeError/);
    // Its own text may quote what the visitor sent.
    expect(errors[0]?.message).not.toContain('no user');
  });

  it('ignores what is no id in a cookie, whatever it is', () => {
    const { identify, errors } = reader();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (value) => {
        const visitor = identify(incoming({ cookie: `cv_vid=${value}` }));
        expect(visitor.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
    expect(errors).toEqual([]);
  });

  it('names the cookie as the app wants it', () => {
    const cookie = { name: 'vid', domain: 'shop.example', maxAge: 60, sameSite: 'none' as const };
    const { identify, cookie: written } = reader({ visitor: { cookie } });
    expect(identify(incoming({ cookie: 'vid=abc; cv_vid=other' })).id).toBe('abc');
    expect(written.issue('abc', incoming())).toEqual([
      'vid=abc; Max-Age=60; Domain=shop.example; Path=/; Secure; SameSite=None',
    ]);
    expect(written.expire(incoming())[0]).toMatch(/^vid=; Max-Age=0; Domain=shop.example; Path=\//);
  });

  it.each<[string, string, string, boolean]>([
    ['https', 'shop.example', '', true],
    ['http', 'shop.example', '', false],
    ['http', 'localhost:3000', '', false],
    ['http', 'app.localhost', '', false],
    ['http', '127.0.0.1:80', '', false],
    ['http', '[::1]:3000', '', false],
    ['https', 'localhost', '', true],
    ['http', 'localhost.evil.example', '', false],
  ])('%s://%s %s: Secure %s', (protocol, host, _nothing, isSecure) => {
    const [line = ''] = reader().cookie.issue('a', incoming({}, { protocol, host }));
    expect(/; Secure/.test(line)).toBe(isSecure);
  });

  it('is Secure with sameSite none, whatever else is said: browsers take no other', () => {
    const { cookie } = reader({ visitor: { cookie: { sameSite: 'none', secure: false } } });
    const [line] = cookie.issue('a', incoming({}, { protocol: 'http', host: 'localhost' }));
    expect(line).toContain('; Secure');
  });

  it('takes Secure as it is told', () => {
    const { cookie } = reader({ visitor: { cookie: { secure: false } } });
    expect(cookie.issue('a', incoming())[0]).not.toContain('Secure');
  });
});

describe('bots', () => {
  const googlebot = {
    'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  };

  it('have no id; clients without a user agent are bots', () => {
    const { identify } = reader();
    expect(identify(incoming(googlebot))).toMatchObject({ excludedBy: 'bot', id: '' });
    expect(identify(incoming({ 'user-agent': '' }))).toMatchObject({ excludedBy: 'bot', id: '' });
  });

  it('may say so in their hints only', () => {
    const { identify } = reader();
    expect(
      identify(incoming({ 'sec-ch-ua': '"HeadlessChrome";v="131", "Chromium";v="131"' })).excludedBy,
    ).toBe('bot');
    expect(
      identify(incoming({ 'sec-ch-ua': '"Google Chrome";v="131", "Chromium";v="131"' })).excludedBy,
    ).toBeUndefined();
  });

  it('are not asked for where the app knows the visitor', () => {
    const { identify } = reader({ visitor: { id: () => 'api-client' } });
    expect(identify(incoming(googlebot))).toMatchObject({ excludedBy: undefined, id: 'api-client' });
    let asked = 0;
    const counting = reader({ visitor: { id: () => 'api-client' }, bots: () => (asked++, true) });
    expect(counting.identify(incoming(googlebot)).excludedBy).toBeUndefined();
    expect(asked).toBe(0);
  });

  it('that are the first five requests are told of once: somebody tries with curl', () => {
    const curl = incoming({ 'user-agent': 'curl/8.5.0' });
    const toldAfter = (...requests: IncomingRequest[]): string[] => {
      const told: string[] = [];
      const { identify } = reader({ warnOnce: (_code, message) => told.push(message) });
      for (const request of requests) identify(request);
      return told;
    };
    expect(toldAfter(curl, curl, curl, curl)).toEqual([]);
    const message = expect.stringContaining('the first 5 requests come from bots') as string;
    expect(toldAfter(...Array<IncomingRequest>(12).fill(curl))).toEqual([message]);
    expect(toldAfter(curl, curl, curl, curl, incoming(), ...Array<IncomingRequest>(12).fill(curl))).toEqual(
      [],
    );
  });

  it('are what the option says', () => {
    expect(reader({ bots: 'include' }).identify(incoming(googlebot)).excludedBy).toBeUndefined();
    expect(reader({ bots: () => true }).identify(incoming()).excludedBy).toBe('bot');
    const broken = reader({
      bots: () => {
        throw new Error('oops');
      },
    });
    expect(broken.identify(incoming()).excludedBy).toBeUndefined();
    expect(broken.errors).toHaveLength(1);
  });
});

describe('the fingerprint', () => {
  it('is the same for the same client, and keyed', () => {
    const one = fingerprinter(nodeDigests, 's1')(incoming());
    expect(fingerprinter(nodeDigests, 's1')(incoming())).toBe(one);
    expect(one).toMatch(/^fp\.[A-Za-z0-9_-]{32}$/);
    const others = [
      fingerprinter(nodeDigests, 's2')(incoming()),
      fingerprinter(nodeDigests, 's1')(incoming({ 'accept-language': 'de' })),
      fingerprinter(nodeDigests, 's1')(incoming({ 'user-agent': 'x' })),
      fingerprinter(nodeDigests, 's1')(incoming({}, { ip: '1.1.1.1' })),
    ];
    expect(new Set([one, ...others]).size).toBe(5);
    // Each connection has a port of its own, and some proxies write it.
    const behind = (ip: string) => fingerprinter(nodeDigests, 's1')(incoming({}, { ip }));
    expect(behind('93.184.216.34:50123')).toBe(one);
    expect(behind('[2001:db8::1]:50123')).toBe(behind('2001:db8::1'));
  });

  it.each<[string, VisitorReaderOptions['visitor']]>([
    ['any id', {}],
    ['any id that the app accepts', { cookie: { accept: /[^]*/ } }],
    ['ids beside those of the app', { id: () => undefined, cookie: { accept: /^fp\./g } }],
  ])('F3: is nothing that a cookie can hold, where it may hold %s', (_name, visitor) => {
    const secret = 'a secret of the test';
    const id = fingerprinter(nodeDigests, secret)(incoming());
    const { identify } = reader({ visitor: { ...visitor, fingerprint: { secret } } });
    const victim = identify(incoming());
    expect(victim).toMatchObject({ id, origin: 'fingerprint' });
    const stranger = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    };
    for (const cookie of [
      `cv_vid=${id}`,
      `cv_vid="${id}"`,
      `cv_vid=${encodeURIComponent(id)}`,
      `cv_vid_next=${id}.0`,
    ]) {
      expect(identify(incoming({ ...stranger, cookie }))).toMatchObject({
        id: fingerprinter(nodeDigests, secret)(incoming(stranger)),
        origin: 'fingerprint',
      });
    }
  });

  it('comes after the cookie, and behind consent', () => {
    const visitor = { fingerprint: { secret: 's' } };
    expect(reader({ visitor }).identify(incoming({ cookie: 'cv_vid=c' })).origin).toBe('cookie');
    expect(reader({ visitor }).identify(incoming()).origin).toBe('fingerprint');
    const gated = reader({ visitor, consent: () => false }).identify(incoming());
    expect(gated).toMatchObject({ excludedBy: 'consent', id: '' });
  });
});

describe('without a grant', () => {
  const id = (raw: unknown) => (raw as { user?: string }).user;
  const user = { raw: { user: 'u1' } };

  it.each<['block' | 'silent' | 'hold', 'denied' | 'unknown', 'silent' | 'hold' | 'consent']>([
    ['block', 'denied', 'consent'],
    ['block', 'unknown', 'consent'],
    ['silent', 'denied', 'silent'],
    ['silent', 'unknown', 'silent'],
    ['hold', 'denied', 'consent'],
    ['hold', 'unknown', 'hold'],
  ])('mode %s, consent %s: %s', (mode, answer, expected) => {
    const { identify } = reader({ visitor: { id }, consent: { resolve: () => answer, mode } });
    const visitor = identify(incoming({}, user));
    expect(visitor.excludedBy ?? visitor.mode).toBe(expected);
    // A visitor without an id of the app would be a new one on every page.
    expect(identify(incoming({ cookie: 'cv_vid=c' }))).toMatchObject({ excludedBy: 'consent', id: '' });
  });

  it.each<[string, Partial<VisitorReaderOptions>, Record<string, string>]>([
    ['a platform', { consent: 'cookiebot' }, { cookie: 'CookieConsent=0' }],
    ['a list', { consent: ['tcf', { cookie: 'consent', granted: 'yes' }] }, { cookie: 'consent=no' }],
    ['a function', { consent: { resolve: () => false } }, {}],
    ['an opt-out', { signals: () => ({ answer: 'denied', by: 'DNT' }) }, {}],
  ])('%s that denies: our cookies go, whatever kind it is', (_name, options, { cookie = '' }) => {
    const visitor = reader(options).identify(incoming({ cookie: `${cookie}; cv_vid=c; cv_vid_next=d.0` }));
    expect(visitor).toMatchObject({ excludedBy: 'consent', consent: 'denied', id: '' });
    expect(visitor.withdrawn).toMatchObject({ cookie: true, alias: true, cookieId: 'c' });
  });

  it('asks nobody where an opt-out has been sent', () => {
    let asked = 0;
    const consent = () => (asked++, true);
    const signals = () => ({ answer: 'denied', by: 'Sec-GPC' }) as const;
    expect(reader({ consent, signals }).identify(incoming())).toMatchObject({ consentBy: 'Sec-GPC' });
    expect(asked).toBe(0);
    expect(reader({ consent, signals: () => undefined }).identify(incoming())).toMatchObject({
      consent: 'granted',
      consentBy: 'function',
    });
  });

  it('deletes nothing for a signal that counts for now, but for a denial of the visitor', () => {
    const signals = () => ({ answer: 'denied', by: 'DNT', provisional: true }) as const;
    const said = (consent?: () => boolean | undefined) => {
      const visitor = reader({ consent, signals }).identify(incoming({ cookie: 'cv_vid=c' }));
      return [visitor.consent, visitor.consentBy, visitor.excludedBy, visitor.withdrawn?.cookieId];
    };
    expect(said(() => false)).toEqual(['denied', 'function', 'consent', 'c']);
    for (const other of [() => true, () => undefined, undefined])
      expect(said(other)).toEqual(['denied', 'DNT', 'consent', undefined]);
  });

  it('takes a denial at its word while nobody can tell what a signal means', () => {
    const signals = () => ({ answer: 'unknown', by: 'Sec-GPC' }) as const;
    const said = (consent?: () => boolean | undefined) => {
      const visitor = reader({ consent, signals }).identify(incoming({ cookie: 'cv_vid=c' }));
      return [visitor.consent, visitor.consentBy, visitor.withdrawn?.cookieId];
    };
    expect(said(() => false)).toEqual(['denied', 'function', 'c']);
    for (const other of [() => true, () => undefined, undefined])
      expect(said(other)).toEqual(['unknown', 'Sec-GPC', undefined]);
  });

  it('names what has to go after a denial', () => {
    const { identify } = reader({ visitor: { id }, consent: () => false });
    expect(identify(incoming({ cookie: `cv_vid=${COOKIE_ID}` }, user)).withdrawn).toEqual({
      cookie: true,
      alias: false,
      assignments: false,
      session: false,
      variations: false,
      key: false,
      cookieId: COOKIE_ID,
      fingerprint: undefined,
      appId: 'u1',
    });
    const print = reader({ visitor: { fingerprint: { secret: 's' } }, consent: () => false });
    expect(print.identify(incoming()).withdrawn).toMatchObject({
      fingerprint: fingerprinter(nodeDigests, 's')(incoming()),
    });
    expect(identify(incoming({ cookie: 'cv_vid=a b' })).withdrawn).toMatchObject({
      cookie: true,
      cookieId: undefined,
    });
    const carrying = { assignmentCookie: true, secrets: 'a secret of the test', consent: () => false };
    for (const [cookie, brought] of [
      ['cv_asg=anything', true],
      ['cv_asg2=anything', false],
    ] as const) {
      const { withdrawn } = reader(carrying).identify(incoming({ cookie }));
      expect(withdrawn).toMatchObject({ cookie: false, assignments: brought });
    }
    const { withdrawn } = reader({ consent: () => false }).identify(incoming({ cookie: 'cv_ses=anything' }));
    expect(withdrawn).toMatchObject({ cookie: false, session: true });
    const unknown = reader({ consent: () => undefined }).identify(incoming({ cookie: 'cv_vid=c' }));
    expect(unknown.withdrawn).toBeUndefined();
  });
});

describe('several cookies of one name', () => {
  it.each([
    'cv_vid=s%3Aold.sig; cv_vid=good-id-1',
    'cv_vid=; cv_vid=good-id-1; cv_vid=good-id-2',
    `cv_vid=${'x'.repeat(65)}; a=1; cv_vid=good-id-1; cv_vid=!`,
  ])('A1: %j is the visitor of the first valid one', (cookie) => {
    expect(reader().identify(incoming({ cookie }))).toMatchObject({ id: 'good-id-1', origin: 'cookie' });
  });

  it('A1: the first valid alias cookie counts', () => {
    const minute = Math.floor(Date.now() / 60_000 - 60).toString(36);
    const cookie = `cv_vid=laptop; cv_vid_next=s%3Aold.sig; cv_vid_next=phone.${minute}`;
    expect(reader().identify(incoming({ cookie }))).toMatchObject({ id: 'phone', alias: { state: 'due' } });
  });

  it('A1: a denial deletes the state of the id that counted', () => {
    const { identify } = reader({ consent: () => false });
    const { withdrawn } = identify(incoming({ cookie: 'cv_vid=s%3Aold.sig; cv_vid=good-id-1' }));
    expect(withdrawn).toMatchObject({ cookie: true, cookieId: 'good-id-1' });
  });
});

describe('an id in a cookie beside ids of the app', () => {
  const idFrom = (value: string, accept?: RegExp): string | undefined => {
    const visitor = { id: () => undefined, ...(accept && { cookie: { accept } }) };
    const { id, origin } = reader({ visitor }).identify(incoming({ cookie: `cv_vid=${value}` }));
    return origin === 'cookie' ? id : undefined;
  };

  it.each([
    [COOKIE_ID, true],
    ['0123456789abcdef0123456789ABCDEF', true],
    ['42', false],
    ['user-7', false],
    ['0123456789abcdef', false],
    [`${COOKIE_ID}0`, false],
    ['', false],
  ])('A12: %j counts: %s', (value, counts) => {
    expect(idFrom(value)).toBe(counts ? value : undefined);
  });

  it('A12: counts, too, if it matches `accept`, each time', () => {
    const accept = /^v-\d+$/g;
    for (let time = 0; time < 2; time++) expect(idFrom('v-17', accept)).toBe('v-17');
    expect(idFrom(COOKIE_ID, accept)).toBe(COOKIE_ID);
    expect(idFrom('42', accept)).toBeUndefined();
    // Whatever the pattern says, an id is bounded and needs no escaping.
    expect(idFrom('a.b', /./)).toBeUndefined();
    expect(idFrom('x'.repeat(65), /./)).toBeUndefined();
  });

  it('A12: of several, the first of such a form counts', () => {
    expect(idFrom(`42; cv_vid=${COOKIE_ID}`)).toBe(COOKIE_ID);
  });

  it('A12: is asked for its form in the alias cookie, too', () => {
    const { identify } = reader({ visitor: { id: () => undefined } });
    expect(identify(incoming({ cookie: 'cv_vid_next=42.1' })).origin).toBe('generated');
    expect(identify(incoming({ cookie: `cv_vid_next=${COOKIE_ID}.1` })).id).toBe(COOKIE_ID);
  });

  it('A12: has any form if the app gives no ids, and no `accept`', () => {
    expect(reader().identify(incoming({ cookie: 'cv_vid=42' }))).toMatchObject({
      id: '42',
      origin: 'cookie',
    });
    const { identify } = reader({ visitor: { cookie: { accept: /^v-/ } } });
    expect(identify(incoming({ cookie: 'cv_vid=42' })).origin).toBe('generated');
  });

  it('A12: says once if the app gives an id of such a form, and what to do', () => {
    const warnings: string[] = [];
    const ids = ['42', COOKIE_ID, COOKIE_ID];
    const visitor = { id: () => ids.shift() };
    const { identify } = reader({ visitor, warnOnce: (_code, message) => warnings.push(message) });
    identify(incoming());
    expect(warnings).toEqual([]);
    for (let time = 0; time < 2; time++) expect(identify(incoming()).id).toBe(COOKIE_ID);
    expect(warnings).toEqual([expect.stringMatching(/`visitor.id` returned .* prefix .* 'user:42'/)]);
    expect(warnings.join()).not.toContain(COOKIE_ID);
  });
});
