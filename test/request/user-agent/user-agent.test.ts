import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUserAgentReader } from '../../../src/request/user-agent/user-agent-cache.js';
import { parseUserAgent } from '../../../src/request/user-agent/parse-user-agent.js';
import { facts } from '../incoming.js';

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64)';
const PIXEL = 'Mozilla/5.0 (Linux; Android 14; Pixel 8)';
const WEBVIEW = 'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv)';

// name, user agent, browser, code, version, os, device, Convert's device codes
const AGENTS: [string, string, string, string, string | undefined, string, string, string][] = [
  [
    'Chrome on Windows',
    `${WINDOWS} ${BLINK} Chrome/126.0.0.0 Safari/537.36`,
    'chrome',
    'CH',
    '126',
    'windows',
    'desktop',
    'DESK',
  ],
  [
    'Chrome on a Mac',
    `${MAC} ${BLINK} Chrome/125.0.0.0 Safari/537.36`,
    'chrome',
    'CH',
    '125',
    'macos',
    'desktop',
    'DESK',
  ],
  [
    'Chrome on Linux',
    `${LINUX} ${BLINK} Chrome/120.0.0.0 Safari/537.36`,
    'chrome',
    'CH',
    '120',
    'linux',
    'desktop',
    'DESK',
  ],
  [
    'Chrome on a Chromebook',
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${BLINK} Chrome/126.0.0.0 Safari/537.36`,
    'chrome',
    'CH',
    '126',
    'chrome os',
    'desktop',
    'DESK',
  ],
  [
    'Chrome on Android',
    `Mozilla/5.0 (Linux; Android 10; K) ${BLINK} Chrome/126.0.0.0 Mobile Safari/537.36`,
    'chrome',
    'CH',
    '126',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'Chrome on an iPhone',
    `${IPHONE} ${WEBKIT} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1`,
    'chrome',
    'CH',
    '126',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'Chrome on an Android tablet',
    `Mozilla/5.0 (Linux; Android 13; SM-X700) ${BLINK} Chrome/126.0.0.0 Safari/537.36`,
    'chrome',
    'CH',
    '126',
    'android',
    'tablet',
    'ALLTAB OTHTAB',
  ],
  [
    'headless Chrome',
    `${LINUX} ${BLINK} HeadlessChrome/126.0.6478.61 Safari/537.36`,
    'chrome',
    'CH',
    '126',
    'linux',
    'desktop',
    'DESK',
  ],
  [
    'Safari on an iPhone',
    `${IPHONE} ${WEBKIT} Version/17.5 Mobile/15E148 Safari/604.1`,
    'safari',
    'SF',
    '17.5',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'Safari on an iPad',
    `Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) ${WEBKIT} Version/12.1.2 Mobile/15E148 Safari/604.1`,
    'safari',
    'SF',
    '12.1',
    'ios',
    'tablet',
    'ALLTAB IPAD',
  ],
  [
    'Safari on a Mac, or an iPad that says so',
    `${MAC} ${WEBKIT} Version/17.4.1 Safari/605.1.15`,
    'safari',
    'SF',
    '17.4',
    'macos',
    'desktop',
    'DESK',
  ],
  [
    'Firefox on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0',
    'firefox',
    'FF',
    '127',
    'windows',
    'desktop',
    'DESK',
  ],
  [
    'Firefox on Ubuntu',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0',
    'firefox',
    'FF',
    '115',
    'linux',
    'desktop',
    'DESK',
  ],
  [
    'Firefox on Android',
    'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0',
    'firefox',
    'FF',
    '127',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'Firefox on an iPhone',
    `${IPHONE} ${WEBKIT} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`,
    'firefox',
    'FF',
    '127',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'Edge',
    `${WINDOWS} ${BLINK} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0`,
    'edge',
    'EDG',
    '126',
    'windows',
    'desktop',
    'DESK',
  ],
  [
    'Edge before it was Chromium',
    `${WINDOWS} ${BLINK} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`,
    'edge',
    'EDG',
    '18.17763',
    'windows',
    'desktop',
    'DESK',
  ],
  [
    'Opera',
    `${WINDOWS} ${BLINK} Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0`,
    'opera',
    'OP',
    '110',
    'windows',
    'desktop',
    'DESK',
  ],
  [
    'Opera Mini',
    'Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16',
    'opera',
    'OP',
    '36.2',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'Internet Explorer 11',
    'Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko',
    'ie',
    'IE',
    '11',
    'windows',
    'desktop',
    'DESK',
  ],
  [
    'Samsung Internet',
    `Mozilla/5.0 (Linux; Android 14; SM-S921B) ${BLINK} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`,
    'samsung internet',
    'OTH',
    '25',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'Android WebView',
    `${WEBVIEW} ${BLINK} Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36`,
    'chrome',
    'CH',
    '126',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'Facebook on Android',
    `${WEBVIEW} ${BLINK} Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.0.0.0.1;]`,
    'chrome',
    'CH',
    '125',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'Facebook on an iPhone',
    `${IPHONE} ${WEBKIT} Mobile/15E148 [FBAN/FBIOS;FBAV/468.0.0.28.106;FBDV/iPhone15,2;FBSV/17.5.1]`,
    'safari',
    'SF',
    '17.5',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'Instagram on an iPhone',
    `${IPHONE} ${WEBKIT} Mobile/21F90 Instagram 337.0.3.23.54 (iPhone15,2; iOS 17_5_1; de_DE)`,
    'safari',
    'SF',
    '17.5',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'Instagram on Android',
    `${PIXEL} ${BLINK} Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 Instagram 336.0.0.35.90 Android`,
    'chrome',
    'CH',
    '126',
    'android',
    'mobile',
    'ALLPH OTHPH',
  ],
  [
    'the Google app on an iPhone',
    `${IPHONE} ${WEBKIT} GSA/322.0.641 Mobile/15E148 Safari/604.1`,
    'safari',
    'SF',
    '17.5',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'Naver on an iPhone',
    `${IPHONE} ${WEBKIT} Mobile/15E148 NAVER(inapp; search; 2000; 12.6.3; 15PRO)`,
    'safari',
    'SF',
    '17.5',
    'ios',
    'mobile',
    'ALLPH IPH',
  ],
  [
    'a television',
    'Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.2 Chrome/76.0.3809.146 TV Safari/537.36',
    'samsung internet',
    'OTH',
    '3.2',
    'tizen',
    'other',
    'OTHDEV',
  ],
  [
    'a games console',
    'Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
    'safari',
    'SF',
    '13',
    'playstation',
    'other',
    'OTHDEV',
  ],
  ['curl', 'curl/8.5.0', 'other', 'OTH', undefined, 'other', 'other', 'OTHDEV'],
];

/** As the form that they show themselves in, but for `device`. */
const BOT =
  'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

describe('a user agent', () => {
  it.each(AGENTS)('of %s', (_, text, browser, browserCode, browserVersion, os, device, deviceCodes) => {
    expect(parseUserAgent(text)).toEqual({
      browser,
      browserCode,
      browserVersion,
      os,
      device,
      form: device,
      deviceCodes: deviceCodes.split(' '),
    });
  });

  it('of a bot', () => {
    const { visitor } = facts({ headers: { 'user-agent': BOT } });
    expect(['device', 'mobile', 'desktop', 'tablet', 'browser'].map((name) => visitor.get(name))).toEqual([
      'bot',
      true,
      false,
      false,
      'chrome',
    ]);
    const convert = facts({ headers: { 'user-agent': BOT } }, { properties: { vocabulary: 'convert' } });
    expect(convert.visitor.get('devices')).toEqual(['ALLPH', 'OTHPH']);
    expect(convert.segments().devices).toEqual(['ALLPH', 'OTHPH']);
    expect(facts({ headers: { 'user-agent': 'okhttp/4.12.0' } }).visitor.get('device')).toBe('bot');
  });

  it('never throws and never grows, whatever it says', () => {
    const read = createUserAgentReader();
    const piece = fc.oneof(
      fc.constantFrom(
        'Mozilla/5.0 (',
        'Android ',
        'iPhone',
        ')',
        ';',
        'Version/',
        'Chrome/',
        'NAVER(',
        '1.',
        ' wv)',
        'Safari',
        'opera',
      ),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const found = read(pieces.join(''), {});
        expect(found.browser.length).toBeLessThanOrEqual(64);
        expect(found.os.length).toBeLessThanOrEqual(64);
        expect(found.browserVersion ?? '1').toMatch(/^\d{1,6}(\.\d{1,6})?$/);
        expect(['desktop', 'mobile', 'tablet', 'other']).toContain(found.form);
        expect([found.form, 'bot']).toContain(found.device);
      }),
    );
  });
});
