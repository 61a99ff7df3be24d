/** What a hostile request is made of. To have another header, cookie or parameter fuzzed, add its row. */
import { nodeDigests } from '../../src/utils/node/digests.js';
import fc, { type Arbitrary } from 'fast-check';
import { visitorCarrier } from '../../src/identity/carried-visitor.js';
import { type PreviewKind, previewSigner } from '../../src/identity/cookies/preview-signer.js';
import { base64, bytes, encoded, json, mostly, snippet } from './texts.js';

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

/** Of the apps that are fuzzed. */
export const SECRET = 'a secret of the test';

/** Values with a time of these are the only ones here that are others in each run. */
const started = Date.now();
const now = Math.floor(started / 1000).toString(36);

/** What the apps have signed, and which has expired if `age` is negative. */
const previewOf = (kind: PreviewKind, age: number): string =>
  previewSigner(nodeDigests, SECRET).sign({
    kind,
    previews: [{ experienceId: '101', variationId: '1010' }],
    expires: started + age,
  });
const carriedBy = (visitor: string, origin: 'app' | 'cookie'): string =>
  visitorCarrier(nodeDigests, SECRET).write({ id: visitor, origin, isGranted: true, at: started });

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
/** Few, so that visitors come back. */
const knownId = fc.constantFrom(
  'v1',
  'v2',
  'v3',
  '0b39f1d2-7a0c-4a4e-9a52-7e0a54f5a111',
  '__proto__',
  'constructor',
);
const place = fc.record({
  city: snippet,
  country: fc.record({ code: fc.constantFrom('DE', 'US', 'XX', '__proto__'), name: snippet }),
  subdivision: fc.record({ code: snippet }),
  timezone: fc.constantFrom('Europe/Berlin', '../etc'),
  __proto__: fc.constant(null),
});
const country = mostly('DE', 'us', 'XX', 'T1', 'ZZ', '?', 'GB');
const city = mostly('Berlin', bytes('München'), 'M%C3%BCnchen', 'S%E3o+Paulo');

/** By name, in the case that is sent. */
export const HEADERS: Readonly<Record<string, Arbitrary<string>>> = {
  'User-Agent': mostly(CHROME, IPHONE, GOOGLEBOT, 'curl/8.5.0', `${CHROME} naver(inapp; search; 1)`),
  'Accept-Language': mostly('en-US,en;q=0.9', 'de', '*', ';q=1,,;q=x', 'zh-Hant-TW;q=0.5,en;q=1.5'),
  Accept: mostly('text/html,application/xhtml+xml', '*/*'),
  'Accept-Encoding': mostly('gzip, br', 'identity;q=0'),
  Referer: mostly(
    'https://www.google.com/',
    'https://chatgpt.com/c/1',
    'http://[::1]/',
    'android-app://com.x',
  ),
  Origin: mostly('https://shop.example', 'null'),
  'If-None-Match': mostly('*', 'W/"1"'),
  Range: mostly('bytes=0-1', 'bytes=-9999999999'),
  'Content-Type': mostly('application/json', 'application/x-www-form-urlencoded', 'text/plain; charset=x'),
  'Sec-CH-UA': mostly(
    '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    '"\\"";v="\\\\"',
    '?1',
  ),
  'Sec-CH-UA-Mobile': mostly('?0', '?1'),
  'Sec-CH-UA-Platform': mostly('"Windows"', '"Android"'),
  'Sec-CH-UA-Model': mostly('"SM-S918B"', '""'),
  'Sec-CH-UA-Form-Factors': mostly('"Desktop"', '"Tablet", "Mobile"', '"\\"'),
  'Sec-CH-UA-Platform-Version': mostly('"15.0.0"'),
  'Sec-CH-UA-Full-Version-List': mostly('"Chromium";v="142.0.7444.60", "Not_A Brand";v="99.0.0.0"'),
  'Sec-Purpose': mostly('prefetch', 'prefetch;prerender', 'prefetch;anonymous-client-ip'),
  'Sec-Fetch-Site': mostly('same-origin', 'same-site', 'cross-site', 'none'),
  'Sec-Fetch-Dest': mostly('document', 'empty', 'image'),
  'Sec-GPC': mostly('1'),
  DNT: mostly('1', '0', 'null'),
  'CF-IPCountry': country,
  'CF-IPCity': city,
  'CF-Region-Code': mostly('BE', 'CA'),
  'CF-IPContinent': mostly('EU', 'eu'),
  'CF-Timezone': mostly('Europe/Berlin', 'UTC', '../../etc/passwd'),
  'X-Vercel-IP-Country': country,
  'X-Vercel-IP-City': city,
  'X-Vercel-IP-Timezone': mostly('America/New_York'),
  'CloudFront-Viewer-Country': country,
  'CloudFront-Viewer-City': city,
  'X-AppEngine-Country': country,
  'X-AppEngine-City': city,
  'X-NF-Geo': mostly(base64(json(place)), json(place), base64(mostly('{', '[]', 'null'))),
  'X-Akamai-Edgescape': mostly(
    'georegion=1,country_code=DE,region_code=BE,city=BERLIN,timezone=CET',
    ',=,=,',
  ),
  'X-Forwarded-For': mostly('1.2.3.4', '::1, 10.0.0.1', 'unknown', '1.2.3.4:80', '"[2001:db8::1]:80"'),
  'X-Forwarded-Host': mostly('shop.example', 'evil.example, shop.example', 'a/b', 'x@y:z'),
  'X-Forwarded-Proto': mostly('https', 'http', 'https,http', 'javascript'),
  Forwarded: mostly('for=1.2.3.4;proto=https;host=evil.example'),
  /** Read by the functions of the apps that are fuzzed: an id, a nonce, an order, a user who logs in. */
  'X-User': mostly(knownId, id),
  'X-Nonce': mostly('r4nd0m'),
  'X-Order': mostly('o-1', 'o-2', id),
  'X-Login': mostly('user-1', 'user-2', id),
  /** What comes back with an order. */
  'X-Convert-Visitor': mostly(
    ...[carriedBy('v1', 'cookie'), carriedBy('user:1', 'app')],
    ...['cv1_cgp_', `cv1_cgb_tp0000_${'A'.repeat(150)}_${'0'.repeat(25)}`, '__proto__'],
    id,
  ),
};

/** The usual name is written as it is; now and then the value stands in quotes, or has spaces around. */
export const COOKIES: Readonly<Record<string, Arbitrary<string>>> = {
  cv_vid: mostly(knownId, id),
  cv_vid_next: mostly(knownId, id),
  cv_sig: mostly('1.0n0v3ff2uvn50e67nlmylnldu', '1.', '2.0n0v3ff2uvn50e67nlmylnldu'),
  cv_asg: mostly('1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.101-1010', '1..', '2.x.y'),
  cv_preview: mostly(
    previewOf('signed', 1e6),
    previewOf('plain', 1e6),
    previewOf('signed', -1e6),
    '101.1010',
    '1s_',
  ),
  cv_ses: mostly(
    `${now}.r`,
    `zzzzzzzz.nc.${'w7_'.repeat(70)}.w7_.gA.____`,
    '0.n',
    '..',
    `${now}.rd`,
    `${now}.nc.c3ByaW5n.ZW1haWw`,
    `${now}.rs..__8.${'A'.repeat(300)}`,
    'zzzzzzzz.rd',
    '.',
  ),
  consent: mostly('granted', 'granted', 'granted', 'denied', 'pending'),
  plan: mostly('pro', encoded(snippet)),
  __proto__x: snippet,
  constructor: snippet,
  hasOwnProperty: snippet,
  _ga: mostly('GA1.1.1299043441.1733000000'),
  OptanonConsent: mostly(encoded(fc.constant('groups=C0001:1,C0002:0&datestamp=x')), 'groups=C0002:1'),
  OptanonAlertBoxClosed: mostly('2025-10-19T03:31:41.236Z'),
  CookieConsent: mostly('-1', '0', encoded(fc.constant('{stamp:%27x%27,necessary:true,statistics:true}'))),
  'cookieyes-consent': mostly('consentid:x,consent:yes,action:yes,analytics:yes'),
  cmplz_statistics: mostly('allow', 'deny'),
  klaro: mostly(encoded(json(fc.record({ convert: fc.boolean() })))),
  didomi_token: mostly(
    base64(json(fc.record({ purposes: fc.record({ enabled: fc.array(snippet) }) }))),
    base64(fc.constant('{"purposes":{"enabled":["measure"],"disabled":[]}}')),
  ),
  '_iub_cs-12345678': mostly(
    encoded(json(fc.record({ purposes: fc.dictionary(snippet, fc.boolean()) }))),
    encoded(fc.constant('{"purposes":{"1":true,"4":true}}')),
  ),
  notice_gdpr_prefs: mostly('0,1,2:', '0|1:x', ':::'),
  cmapi_cookie_privacy: mostly(encoded(fc.constant('permit 1,2,3')), 'permit 1'),
  'euconsent-v2': mostly('CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA', 'CA', base64(snippet)),
  _conv_prevent_tracking: mostly('true', 'false', '1'),
};

/** Names whose values do not have to be hostile to be so. */
export const ODD_COOKIES = [
  '__proto__',
  '',
  'a b',
  '"cv_vid"',
  '%63v_vid',
  'CV_VID',
  ' cv_vid ',
  'x'.repeat(300),
];

export const PARAMETERS: Readonly<Record<string, Arbitrary<string>>> = {
  utm_source: mostly('google', 'news%20letter', '+'),
  utm_medium: mostly('cpc', 'organic', 'email'),
  utm_campaign: mostly('spring', encoded(snippet)),
  utm_term: mostly('boots'),
  utm_content: mostly('a'),
  gclid: mostly('EAIaIQobChMI', id),
  fbclid: mostly('IwAR0', id),
  msclkid: mostly('abc'),
  ScCid: mostly('abc', id),
  'utm_campaig%6e': mostly('escaped'),
  convert_preview: mostly(
    ...['101.1010', '101.9', '999999999999999999999.1', 'a.b', 'off'],
    ...[previewOf('link', 1e6), previewOf('link', -1e6), previewOf('signed', 1e6)],
    `1l_${'1.1_'.repeat(400)}`,
  ),
  experience: mostly('homepage-hero', 'german-pricing', encoded(snippet)),
  segment: mostly('big-spenders', '__proto__'),
  amount: mostly('10.5', '1e400', '-0', '0x10', ''),
  properties: mostly(
    encoded(json(fc.record({ plan: snippet, spent: fc.constant('lots') }))),
    encoded(fc.constant('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')),
    encoded(fc.constant('[[[[]]]]')),
    'null',
  ),
  __proto__: snippet.map(encodeURIComponent),
  '__proto__[polluted]': fc.constant('1'),
  'constructor[prototype][polluted]': fc.constant('1'),
};

export const PATHS: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '/',
    '/pricing',
    '/pricing/',
    '//evil.example/',
    '///',
    '/./././',
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/',
    '/%00',
    '/a%0d%0aX-Evil:1',
    '/%',
    '/%zz',
    '/%E0%A4%A',
    '/%c0%af',
    '/__proto__/constructor',
    '/;a=b/c;d',
    '/\\evil',
    '/?',
    '/#fragment',
    '/a|b^c`d{e}',
    'http://shop.example/absolute',
    'http://evil.example:99999/',
    'https://user:pass@evil.example/a',
    'javascript://x/%0aalert(1)',
    '*',
  ),
  fc.webPath().map((path) => path || '/'),
  fc.integer({ min: 100, max: 8000 }).map((length) => `/${'a/'.repeat(length / 2)}`),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `/${bytes(text)}`),
);

export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'M-SEARCH',
  'TRACE',
];

export const BODIES: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '{"a":1}',
    '{"__proto__":{"polluted":1}}',
    '[]',
    'a=b&c',
    '\0\0',
    'GET / HTTP/1.1\r\n\r\n',
  ),
  json(fc.json()),
  fc.integer({ min: 1, max: 4000 }).map((length) => 'x'.repeat(length)),
);
