import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { testProject } from '../support/project.js';

const wrong = (options: unknown): string => {
  try {
    resolveOptions(options as ConvertOptions, {});
  } catch (error) {
    expect(error).toMatchObject({ name: 'ConvertError', code: 'CONVERT_BAD_OPTION' });
    return (error as Error).message;
  }
  return 'no error';
};

describe('options', () => {
  it.each<[string, unknown, string]>([
    ['a typo', { sdkkey: '1/2' }, 'unknown option `sdkkey`, did you mean `sdkKey`?'],
    [
      'a typo inside',
      { visitor: { cookie: { maxage: 1 } } },
      'unknown option `visitor.cookie.maxage`, did you mean `visitor.cookie.maxAge`?',
    ],
    ['nothing like it', { zebra: 1 }, 'unknown option `zebra`, known are `sdkKey`,'],
    ['a wrong type', { sdkKey: 5 }, 'option `sdkKey` must be a non-empty string (given 5)'],
    ['an empty text', { environment: '' }, "option `environment` must be a non-empty string (given '')"],
    [
      'a text for a number',
      { readyTimeout: '250' },
      "option `readyTimeout` must be a number of milliseconds from 0 to 60000 (given '250')",
    ],
    ['no number', { readyTimeout: Number.NaN }, 'option `readyTimeout` must be a number'],
    [
      'a wrong word',
      { bots: 'yes' },
      "option `bots` must be 'original', 'include' or a function (given 'yes')",
    ],
    [
      'a wrong word for hints',
      { acceptClientHints: 'yes' },
      "option `acceptClientHints` must be true, false or 'critical' (given 'yes')",
    ],
    [
      'a wrong word inside',
      { consent: { cookie: 'c', granted: 'y', mode: 'blok' } },
      "option `consent.mode` must be one of 'block', 'silent', 'hold' (given 'blok')",
    ],
    ['a part that is missing', { consent: { cookie: 'c' } }, 'option `consent.granted` is missing'],
    [
      'consent of another kind',
      { consent: true },
      "option `consent` must be a platform such as 'onetrust', { platform, ... }, { cookie, granted }, a function, { resolve }, or a list of these (given true)",
    ],
    ['another shutdown', { shutdown: true }, "option `shutdown` must be one of 'signals' (given true)"],
    ['no function to wait', { waitUntil: true }, 'option `waitUntil` must be a function (given true)'],
    ['no function', { visitor: { id: 'user' } }, "option `visitor.id` must be a function (given 'user')"],
    [
      'a fingerprint without a secret',
      { visitor: { fingerprint: {} } },
      'option `visitor.fingerprint.secret` is missing',
    ],
    ['no object', { delivery: 5 }, 'option `delivery` must be an object (given number)'],
    [
      'no store',
      { store: {} },
      'option `store` must be a store (memoryStore(), redisStore({ url }), ..., or an object with get and set) (given an object)',
    ],
    [
      'no engine',
      { engine: 'sdk' },
      'option `engine` must be an engine, such as sdkEngine(ConvertSDK) (given string)',
    ],
    [
      'no cache',
      { projectCache: { read() {} } },
      'option `projectCache` must be the path of a folder, or a cache, such as redisProjectCache(client) (given an object)',
    ],
    [
      'a cache for what is not fetched',
      { project: 'project.json', projectCache: 'cache' },
      'options `project` and `projectCache` are both given; the cache keeps what is fetched with `sdkKey`',
    ],
    [
      'the key alone',
      '1/2',
      "the options must be an object, such as { sdkKey: '10035569/10034190' } (given a text)",
    ],
    ['options that are none', 5, 'option `options` must be an object (given number)'],
  ])('%s: an error that names the option, what was given and what is meant', (_name, options, message) => {
    expect(wrong(options)).toContain(message);
  });

  it('says all that is wrong at once', () => {
    const message = wrong({ sdkkey: 'x', readyTimeout: -1 });
    expect(message).toContain('sdkkey');
    expect(message).toContain('readyTimeout');
  });

  it('never shows a secret', () => {
    expect(wrong({ sdkKeySecret: 12345678 })).not.toContain('12345678');
    expect(wrong({ visitor: { fingerprint: { secret: 87654321 } } })).not.toContain('87654321');
    expect(wrong({ visitor: { fingerprint: 'hush-hush' } })).not.toContain('hush-hush');
  });

  it('F3: takes no fingerprint with a short secret, and does not show it', () => {
    const of = (secret: unknown): string => wrong({ visitor: { fingerprint: { secret } } });
    const meant =
      'convert: option `visitor.fingerprint.secret` must be a string of at least 16 characters (given';
    for (const secret of ['k', 'hush-hush', 'fifteen letters']) expect(of(secret)).toBe(`${meant} [secret])`);
    expect(of(['sixteen letters!'])).toBe(`${meant} an array)`);
    expect(of('sixteen letters!')).toBe('no error');
  });

  it('takes secrets that are long enough, and shows none', () => {
    const meant =
      'convert: option `secrets` must be a string of at least 16 characters, or a list of up to 8 such strings, the newest first (given';
    const long = 'sixteen letters!';
    const tooMany = Array.from({ length: 9 }, () => long);
    for (const secrets of ['hush-hush', ['hush-hush'], [long, 'hush-hush'], [long, 5], [], tooMany]) {
      expect(wrong({ secrets })).toBe(`${meant} [secret])`);
    }
    expect(wrong({ secrets: 12345678 })).toBe(`${meant} number)`);
    for (const secrets of [long, [long], [long, `${long}!`]]) expect(wrong({ secrets })).toBe('no error');
  });

  it('A12: takes signed ids with secrets and a name of their own', () => {
    const secrets = 'sixteen letters!';
    const signed = (given: unknown, more = {}): unknown => ({
      visitor: { cookie: { signed: given, ...more } },
    });
    for (const given of [true, {}, { name: 'sig' }]) {
      expect(wrong(signed(given))).toMatch(/`visitor.cookie.signed` needs option `secrets`/);
      expect(wrong({ secrets, ...(signed(given) as object) })).toBe('no error');
    }
    expect(wrong(signed(false))).toBe('no error');
    const both = (given: unknown, more = {}): string =>
      wrong({ secrets, assignmentCookie: true, ...(signed(given, more) as object) });
    expect(both('yes')).toContain(
      "option `visitor.cookie.signed` must be true, false or { name } (given 'yes')",
    );
    expect(both({ name: 'a;b' })).toContain(
      'option `visitor.cookie.signed.name` must be the name of a cookie',
    );
    expect(both({ name: 'cv_vid_next' })).toContain(
      "options `visitor.cookie.signed.name` and the cookie of `identify` are both 'cv_vid_next'",
    );
    expect(both({ name: 'cv_asg' })).toContain(
      "options `assignmentCookie.name` and `visitor.cookie.signed.name` are both 'cv_asg'",
    );
    expect(both(true, { name: 'cv_sig' })).toContain("are both 'cv_sig'");
    expect(both({ name: '__Host-sig' }, { domain: 'shop.example' })).toContain(
      "option `visitor.cookie.signed` has the name '__Host-sig', and `domain`",
    );
  });

  it('takes an assignment cookie with secrets and a name of its own', () => {
    const secrets = 'sixteen letters!';
    expect(wrong({ assignmentCookie: true })).toMatch(/`assignmentCookie` needs option `secrets`/);
    expect(wrong({ assignmentCookie: {} })).toMatch(/`assignmentCookie` needs option `secrets`/);
    expect(wrong({ secrets, assignmentCookie: { name: 'cv_vid' } })).toContain(
      "options `assignmentCookie.name` and `visitor.cookie.name` are both 'cv_vid'",
    );
    expect(wrong({ secrets, assignmentCookie: true, visitor: { cookie: { name: 'cv_asg' } } })).toContain(
      "are both 'cv_asg'",
    );
    expect(wrong({ secrets, assignmentCookie: 'yes' })).toContain(
      "option `assignmentCookie` must be true, false or { name, domain, maxAge, sameSite, secure, partitioned } (given 'yes')",
    );
    expect(wrong({ secrets, assignmentCookie: { maxage: 1 } })).toContain(
      'unknown option `assignmentCookie.maxage`, did you mean `assignmentCookie.maxAge`?',
    );
    expect(wrong({ secrets, assignmentCookie: { name: 'a;b' } })).toContain('option `assignmentCookie.name`');
    expect(wrong({ assignmentCookie: false })).toBe('no error');
    expect(wrong({ secrets, assignmentCookie: { name: 'asg', maxAge: 60 } })).toBe('no error');
  });

  it('takes a session with a cookie of its own name', () => {
    const secrets = 'sixteen letters!';
    expect(wrong({ session: true })).toContain(
      'option `session` must be false or { name, domain, sameSite, secure, partitioned } (given true)',
    );
    expect(wrong({ session: { maxAge: 5 } })).toContain(
      'unknown option `session.maxAge`, known are `name`, `domain`',
    );
    expect(wrong({ session: { name: 'a b' } })).toContain(
      'option `session.name` must be the name of a cookie',
    );
    expect(wrong({ session: { name: 'cv_vid' } })).toContain(
      "options `session.name` and `visitor.cookie.name` are both 'cv_vid'",
    );
    expect(wrong({ session: { name: 'cv_vid_next' } })).toContain(
      "options `session.name` and the cookie of `identify` are both 'cv_vid_next'",
    );
    expect(wrong({ visitor: { cookie: { name: 'cv_ses' } } })).toContain("are both 'cv_ses'");
    expect(wrong({ secrets, assignmentCookie: { name: 'cv_ses' } })).toContain(
      "options `assignmentCookie.name` and `session.name` are both 'cv_ses'",
    );
    expect(wrong({ secrets, session: false, assignmentCookie: { name: 'cv_ses' } })).toBe('no error');
    expect(wrong({ session: { name: 'ses', domain: 'shop.example', sameSite: 'none', secure: true } })).toBe(
      'no error',
    );
  });

  it('takes names for the key of a shared page that no cache can mistake', () => {
    expect(wrong({ responseCache: {} })).toBe('no error');
    expect(wrong({ responseCache: { cookie: 'page', header: 'X-CV-Key' } })).toBe('no error');
    expect(wrong({ responseCache: true as never })).toContain('option `responseCache` must be an object');
    expect(wrong({ responseCache: { name: 'x' } as never })).toContain('unknown option `responseCache.name`');
    expect(wrong({ responseCache: { cookie: 'a;b' } })).toContain(
      'option `responseCache.cookie` must be the name',
    );
    expect(wrong({ responseCache: { header: 'X CV' } })).toContain(
      'option `responseCache.header` must be the name',
    );
    expect(wrong({ responseCache: { header: 'Cookie' } })).toContain('not the header Cookie itself');
    expect(wrong({ responseCache: { cookie: 'cv_vid' } })).toContain(
      "options `responseCache.cookie` and `visitor.cookie.name` are both 'cv_vid'",
    );
    expect(wrong({ session: { name: 'cv_key' } })).toContain(
      "options `responseCache.cookie` and `session.name` are both 'cv_key'",
    );
    expect(wrong({ responseCache: { cookie: 'CV' } })).toContain("which the cookie 'cv_vid' has in its name");
    expect(wrong({ responseCache: { cookie: '_next' } })).toContain("which the cookie 'cv_vid_next' has");
    expect(
      wrong({ responseCache: { cookie: '__Host-key' }, visitor: { cookie: { domain: 'a.example' } } }),
    ).toContain("option `responseCache.cookie` has the name '__Host-key', and `domain`");
  });

  it.each(['visitor.cookie', 'session', 'assignmentCookie'])(
    "A15: refuses `%s.sameSite: 'strict'`",
    (path) => {
      const cookie = { sameSite: 'strict' };
      const given =
        path === 'visitor.cookie' ? { visitor: { cookie } } : { [path]: cookie, secrets: 'a'.repeat(16) };
      expect(wrong(given)).toMatch(
        /`[\w.]+\.sameSite` can not be 'strict': .*link from another site.*use 'lax'/,
      );
      expect(wrong(given)).toContain(`option \`${path}.sameSite\``);
    },
  );

  it('A9: takes `partitioned` with `sameSite: none` only', () => {
    expect(wrong({ visitor: { cookie: { partitioned: true, sameSite: 'none' } } })).toBe('no error');
    expect(wrong({ visitor: { cookie: { partitioned: true } } })).toContain(
      "option `visitor.cookie.partitioned` is true, and `sameSite` is 'lax'",
    );
    expect(wrong({ session: { partitioned: true } })).toContain('option `session.partitioned` is true');
    expect(wrong({ visitor: { cookie: { partitioned: 'yes' } } })).toContain(
      'option `visitor.cookie.partitioned`',
    );
  });

  it('A12: takes a regular expression of another realm, such as one of Jest', () => {
    const accept = runInNewContext('/^[a-z]{26}$/') as RegExp;
    expect(resolveOptions({ sdkKey: '1/2', visitor: { cookie: { accept } } }).visitor?.cookie).toEqual({
      accept,
    });
    expect(() => resolveOptions({ sdkKey: '1/2', visitor: { cookie: { accept: '^x' as never } } })).toThrow(
      "option `visitor.cookie.accept` must be a regular expression (given '^x')",
    );
  });

  it('refuses cookies that browsers would not keep', () => {
    const domain = 'shop.example';
    expect(wrong({ session: { name: '__Host-ses', domain } })).toContain(
      "option `session` has the name '__Host-ses', and `domain`: browsers keep no such cookie",
    );
    // By default with the attributes of the visitor cookie.
    expect(wrong({ visitor: { cookie: { domain } }, session: { name: '__Host-ses' } })).toContain('`domain`');
    expect(wrong({ visitor: { cookie: { name: '__Secure-vid', secure: false } } })).toContain(
      "option `visitor.cookie` has the name '__Secure-vid', and `secure: false`",
    );
    expect(wrong({ visitor: { cookie: { name: '__Secure-vid', domain } } })).toBe('no error');
    expect(wrong({ visitor: { cookie: { name: '__Host-vid' } } })).toBe('no error');
  });

  it('lets CONVERT_PROJECT_FILE go before what is fetched and kept', () => {
    const env = { CONVERT_PROJECT_FILE: 'project.json', CONVERT_SDK_KEY: '1/2' };
    expect(resolveOptions({ projectCache: 'cache' }, env)).toMatchObject({ project: 'project.json' });
  });

  it('takes undefined for absent', () => {
    expect(resolveOptions({ sdkKey: '1/2', environment: undefined, consent: undefined }, {})).toMatchObject({
      environment: 'staging',
    });
  });

  it('refuses consent modes that need an id, where there is none', () => {
    for (const mode of ['silent', 'hold'] as const) {
      const consent = { cookie: 'c', granted: 'y', mode };
      expect(wrong({ consent })).toContain(
        `\`consent.mode\` '${mode}' needs an id that exists without our cookie: give \`visitor.id\``,
      );
      expect(wrong({ consent, visitor: { id: () => 'u' } })).toBe('no error');
    }
  });

  it.each<[string, unknown, string]>([
    ['a platform', 'onetrust', 'no error'],
    ['a platform with ids', { platform: 'klaro', service: 'matomo', cookie: 'k', mode: 'block' }, 'no error'],
    ['a list', ['tcf', { cookie: 'c', granted: 'y' }, () => true], 'no error'],
    [
      'a list with a mode',
      { from: ['tcf', { platform: 'iubenda', mode: 'block' }], mode: 'block' },
      'no error',
    ],
    [
      'a platform that is misspelt',
      'onetrst',
      "option `consent` must be a consent platform (given 'onetrst'), did you mean 'onetrust'?",
    ],
    [
      'a platform that is misspelt, in a list',
      ['tcf', { platform: 'CookieBot' }],
      "option `consent[1].platform` must be a consent platform (given 'CookieBot'), did you mean 'cookiebot'?",
    ],
    [
      'another platform',
      { from: ['piwik'] },
      "option `consent.from[0]` must be a consent platform (given 'piwik'); known are 'onetrust', 'cookiebot',",
    ],
    ['no platform', { platform: 5 }, 'option `consent.platform` must be a consent platform (given 5)'],
    [
      'a platform that no request tells of',
      'usercentrics',
      "it keeps the visitor's answer where a server can't read it; have the page write it to a cookie, too",
    ],
    [
      'a platform without what it needs',
      'klaro',
      'option `consent.service` is missing: the name, in your Klaro config, of the service that experiments belong to,' +
        " as in { platform: 'klaro', service: '...' }",
    ],
    ['the same, with options', [{ platform: 'klaro' }], 'option `consent[0].service` is missing'],
    [
      'an id of another platform',
      { platform: 'onetrust', groups: 'C0003' },
      'unknown option `consent.groups`, did you mean `consent.group`?',
    ],
    [
      'an id that is none',
      { platform: 'iubenda', id: 'my-site' },
      "option `consent.id` must be what the cookie has behind _iub_cs-, digits as a text (given 'my-site')",
    ],
    [
      'a mode that is none, of a platform',
      { platform: 'tcf', mode: 'blok' },
      "option `consent.mode` must be one of 'block', 'silent', 'hold' (given 'blok')",
    ],
    ['an empty list', [], 'option `consent` must be a list of at least one (given an array)'],
    ['a list in a list', [['tcf']], "option `consent[0]` must be a platform such as 'onetrust'"],
    ['no list', { from: 'tcf' }, "option `consent.from` must be a list of at least one (given 'tcf')"],
    [
      'two modes',
      [
        { platform: 'tcf', mode: 'block' },
        { resolve: () => true, mode: 'hold' },
      ],
      "option `consent` has several modes (given 'block', 'hold'); one holds for all, as in { from: [...], mode: 'block' }",
    ],
    [
      'two modes, one of the list',
      { from: ['tcf', { cookie: 'c', granted: 'y', mode: 'hold' }], mode: 'silent' },
      "option `consent` has several modes (given 'silent', 'hold')",
    ],
  ])('consent: %s', (_name, consent, message) => {
    expect(wrong({ consent })).toContain(message);
  });

  it('refuses consent modes that need an id in all forms', () => {
    for (const consent of [
      { platform: 'tcf', mode: 'hold' },
      { resolve: () => true, mode: 'hold' },
      ['onetrust', { platform: 'tcf', mode: 'hold' }],
      { from: ['onetrust', 'tcf'], mode: 'hold' },
    ]) {
      expect(wrong({ consent })).toContain(
        "`consent.mode` 'hold' needs an id that exists without our cookie",
      );
      expect(wrong({ consent, visitor: { id: () => 'u' } })).toBe('no error');
    }
  });

  it('takes privacy signals as one of three', () => {
    for (const privacySignals of ['project', 'always', 'never'])
      expect(wrong({ privacySignals })).toBe('no error');
    expect(wrong({ privacySignals: true })).toContain(
      "option `privacySignals` must be one of 'project', 'always', 'never' (given true)",
    );
  });

  it('reads the environment variables where nothing else says which project', () => {
    const env = {
      CONVERT_SDK_KEY: '1/2',
      CONVERT_SDK_KEY_SECRET: 'hush',
      CONVERT_ENVIRONMENT: 'live',
    };
    expect(resolveOptions(undefined, env)).toMatchObject({
      sdkKey: '1/2',
      sdkKeySecret: 'hush',
      environment: 'live',
    });
    expect(resolveOptions({ environment: 'staging' }, env).environment).toBe('staging');
    // A secret goes with its own key only.
    expect(resolveOptions({ sdkKey: '3/4' }, env)).toMatchObject({ sdkKey: '3/4' });
    expect(resolveOptions({ sdkKey: '3/4' }, env).sdkKeySecret).toBeUndefined();
    expect(resolveOptions(undefined, { CONVERT_PROJECT_FILE: './p.json' }).project).toBe('./p.json');
  });

  it('says which three ways exist to name a project', () => {
    const create = () => createConvert({ logger: false });
    expect(create).toThrow(/sdkKey.*JSON file.*config object/s);
    expect(create).toThrow(expect.objectContaining({ code: 'CONVERT_NO_PROJECT' }) as Error);
  });

  it('checks what stands behind an option at construction too', () => {
    const project = testProject();
    expect(() => createConvert({ project, geo: 'cloudfare' as never })).toThrow(/cloudflare/);
    expect(() => createConvert({ project, endpoints: { track: 'http://example.com' } })).toThrow(
      /endpoints\.track.*https/,
    );
    expect(() => createConvert({ sdkKey: '1/2', endpoints: { config: 'ftp://x' } })).toThrow(
      /endpoints\.config/,
    );
    expect(() => createConvert({ sdkKey: '../etc' })).toThrow(/sdkKey/);
    expect(() => createConvert({ project: {} as never })).toThrow(
      expect.objectContaining({ code: 'CONVERT_BAD_PROJECT' }) as Error,
    );
  });

  const host = 'must begin with https:// (http:// only on loopback); given is';
  const seconds = (text: unknown): string =>
    `must be a number of milliseconds from 1000 to 86400000 (given ${String(text)})`;
  const wait = (text: unknown): string =>
    `must be a number of milliseconds from 0 to 60000 (given ${String(text)})`;
  it.each<[unknown, string]>([
    [{ endpoints: { config: 'http://cdn.example/' } }, `option endpoints.config ${host} http://cdn.example`],
    [
      { endpoints: { track: 'http://localhost.evil.example' } },
      `option endpoints.track ${host} http://localhost.evil.example`,
    ],
    [
      { endpoints: { config: 'https://[project_id].cdn.example/' } },
      'option endpoints.config is not a complete URL; it must begin with https://',
    ],
    [
      { endpoints: { track: 'collector:8080' } },
      "option endpoints.track is not a complete URL; it must begin with https:// (given 'collector:8080')",
    ],
    [
      { endpoints: { track: 'https://user:geheim@cdn.example/' } },
      'option endpoints.track must not contain a user name or password',
    ],
    [
      { endpoints: { config: 'https://cdn.example/?token=geheim' } },
      'option endpoints.config must not contain a query or a fragment',
    ],
    [{ endpoints: { track: '' } }, "option `endpoints.track` must be a non-empty string (given '')"],
    [{ endpoints: { config: 5 } }, 'option `endpoints.config` must be a non-empty string (given 5)'],
    [{ endpoints: 'https://cdn.example/' }, 'option `endpoints` must be an object (given string)'],
    ...[-1, NaN, Infinity, 60_001].map((each): [unknown, string] => [
      { readyTimeout: each },
      `option \`readyTimeout\` ${wait(each)}`,
    ]),
    ...[0, NaN, Infinity, 999].map((each): [unknown, string] => [
      { refreshInterval: each },
      `option \`refreshInterval\` ${seconds(each)}`,
    ]),
    [{ refreshInterval: '5m' }, `option \`refreshInterval\` ${seconds("'5m'")}`],
    [{ properties: 7 }, 'option `properties` must be an object (given number)'],
    // H3: an object, and nothing else, where any object may stand.
    ...([5, null, true] as const).map((each): [unknown, string] => [
      { project: each },
      `option \`project\` must be a config object, the path of a JSON file, or a source (given ${each})`,
    ]),
    [{ properties: null }, 'option `properties` must be an object (given null)'],
    [
      { properties: { vistor: () => ({}) } },
      'unknown option `properties.vistor`, did you mean `properties.visitor`?',
    ],
    [{ properties: { visitor: {} } }, 'option `properties.visitor` must be a function (given an object)'],
    [{ properties: { location: 'x' } }, "option `properties.location` must be a function (given 'x')"],
    [
      { properties: { vocabulary: 'codes' } },
      "option `properties.vocabulary` must be one of 'readable', 'convert' (given 'codes')",
    ],
    [
      { properties: { vocabulary: ['convert'] } },
      "option `properties.vocabulary` must be one of 'readable', 'convert' (given an array)",
    ],
  ])('refuses %j at construction', (options, message) => {
    const badOption = expect.objectContaining({
      code: 'CONVERT_BAD_OPTION',
      message: `convert: ${message}`,
    }) as Error;
    for (const project of [{ sdkKey: '1/2' }, { project: testProject() }]) {
      expect(() => createConvert({ ...project, ...(options as ConvertOptions) })).toThrow(badOption);
    }
  });

  it('lets a request wait 50 ms for a remote store unless it is told otherwise', () => {
    expect(resolveOptions({}, {}).storeTimeout).toBe(50);
    expect(resolveOptions({ storeTimeout: 7 }, {}).storeTimeout).toBe(7);
  });
});
