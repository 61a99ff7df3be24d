import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HINT_HEADERS, NO_HINTS, parseHints } from '../../../src/request/user-agent/client-hints.js';
import { parseUserAgent } from '../../../src/request/user-agent/parse-user-agent.js';
import { facts } from '../incoming.js';

const none = undefined;
const brands = (header: string) => parseHints([header, none, none, none, none, none]).brands;

describe('the brands of a browser', () => {
  it.each([
    ['" Not A;Brand";v="99"', []],
    ['"(Not(A:Brand";v="8", "Chromium";v="98"', ['Chromium 98']],
    ['"Not?A_Brand";v="99", "Chromium";v="130"', ['Chromium 130']],
    [';Not A Brand', []],
    ['"Chromium";v="131", "Brave";v="131", "Not.A/Brand";v="24"', ['Chromium 131', 'Brave 131']],
    ['"Not A Company";v="1"', ['Not A Company 1']],
    ['"Chromium" ; v="1"', []],
    ['"Chromium"; v="1"', ['Chromium 1']],
    ['"Chromium";v=131', ['Chromium 131']],
    ['"Chromium";build="7";v="131.0.1"', ['Chromium 131.0.1']],
    ['"Chromium"', ['Chromium ']],
    ['"A \\"B\\" \\\\ C";v="1"', ['A "B" \\ C 1']],
    ['"Chromium";v="131",', []],
    ['"Chromium";v="131", "Brave', []],
    ['"Chromium";v="131" "Brave";v="131"', []],
    ['Chromium;v=131', []],
    ['"Chrömium";v="131"', []],
    ['"Chromium\t";v="131"', []],
    ['', []],
  ])('%s', (header, expected) => {
    expect(brands(header).map(({ name, version }) => `${name} ${version}`)).toEqual(expected);
  });
});

describe('client hints', () => {
  it('are read as structured fields, and not at all where they are malformed', () => {
    expect(
      parseHints(['"Brave";v="1"', '?1', '"Android"', '"Brave";v="1.2.3"', '"Pixel 9"', '"Mobile", "XR"']),
    ).toEqual({
      brands: [{ name: 'Brave', version: '1' }],
      mobile: true,
      platform: 'Android',
      fullVersions: [{ name: 'Brave', version: '1.2.3' }],
      model: 'Pixel 9',
      formFactors: ['Mobile', 'XR'],
    });
    expect(parseHints(['Brave', 'true', 'Android', '1', 'Pixel', 'Mobile'])).toEqual(NO_HINTS);
    expect(parseHints(['', '?2', '"Unknown"', '', '""', ''])).toEqual(NO_HINTS);
    expect(parseHints([none, '?0', '"a", "b"', none, '" "', none])).toEqual({ ...NO_HINTS, mobile: false });
  });

  const ANDROID =
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36';
  const SAFARI =
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15';
  const EDGE = `${ANDROID.replace('Linux; Android 10; K', 'Windows NT 10.0; Win64; x64').replace(' Mobile', '')} Edg/131.0.0.0`;

  // user agent, hints, what is told
  it.each<[string, string, Record<string, string>, object]>([
    [
      'a brand wins',
      EDGE,
      { 'sec-ch-ua': '"Brave";v="130", "Chromium";v="130"' },
      { browser: 'brave', browserVersion: '130' },
    ],
    [
      'a brand that nobody knows has a name, too',
      EDGE,
      { 'sec-ch-ua': '"Somebody\'s Browser";v="7.5", "Chromium";v="130"' },
      { browser: "somebody's browser", browserVersion: '7.5', browserCode: 'OTH' },
    ],
    [
      'but none beside a browser that is known',
      EDGE,
      { 'sec-ch-ua': '"Nobody";v="7", "Google Chrome";v="130", "Chromium";v="130"' },
      { browser: 'chrome', browserVersion: '130' },
    ],
    [
      'Chromium alone says less than a user agent',
      EDGE,
      { 'sec-ch-ua': '"Chromium";v="131"' },
      { browser: 'edge' },
    ],
    [
      'and more than none',
      'example/1',
      { 'sec-ch-ua': '"Android WebView";v="131", "Chromium";v="131"', 'sec-ch-ua-platform': '"Android"' },
      { browser: 'chrome', browserVersion: '131', os: 'android' },
    ],
    [
      'the full version counts where it is of the brand',
      EDGE,
      {
        'sec-ch-ua': '"Whale";v="4", "Chromium";v="131"',
        'sec-ch-ua-full-version-list': '"Chromium";v="131.0.1", "Whale";v="4.30.291.11"',
      },
      { browser: 'whale', browserVersion: '4.30' },
    ],
    [
      'and not where it is of the engine',
      EDGE,
      {
        'sec-ch-ua': '"Opera";v="84", "Chromium";v="98"',
        'sec-ch-ua-full-version-list': '"Opera";v="98.0.4758.82"',
      },
      { browser: 'opera', browserVersion: '84' },
    ],
    [
      'full versions alone are brands as well',
      EDGE,
      { 'sec-ch-ua-full-version-list': '"Chromium";v="131.0.1", "Brave";v="131.1.73.97"' },
      { browser: 'brave', browserVersion: '131.1' },
    ],
    ['a platform wins', EDGE, { 'sec-ch-ua-platform': '"Linux"' }, { os: 'linux', device: 'desktop' }],
    ['a platform that says nothing does not', EDGE, { 'sec-ch-ua-platform': '"Unknown"' }, { os: 'windows' }],
    [
      'nor one that is below what the user agent names',
      'Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.2 Chrome/76.0.3809.146 TV Safari/537.36',
      { 'sec-ch-ua-platform': '"Linux"', 'sec-ch-ua-mobile': '?0' },
      { os: 'tizen', device: 'other' },
    ],
    ['mobile is a phone', EDGE, { 'sec-ch-ua-mobile': '?1' }, { device: 'mobile' }],
    [
      'also where the user agent does not say so',
      ANDROID.replace('Mobile ', ''),
      { 'sec-ch-ua-mobile': '?1' },
      { device: 'mobile' },
    ],
    ['no mobile of Android is a tablet', ANDROID, { 'sec-ch-ua-mobile': '?0' }, { device: 'tablet' }],
    [
      'no mobile of Windows stands on a desk',
      ANDROID,
      { 'sec-ch-ua-mobile': '?0', 'sec-ch-ua-platform': '"Windows"' },
      { device: 'desktop' },
    ],
    ['a malformed one is as good as none', ANDROID, { 'sec-ch-ua-mobile': '0' }, { device: 'mobile' }],
    [
      'a model may be a tablet',
      ANDROID,
      { 'sec-ch-ua-mobile': '?1', 'sec-ch-ua-model': '"SM-X110"' },
      { device: 'tablet' },
    ],
    [
      'or a television',
      ANDROID,
      { 'sec-ch-ua-mobile': '?0', 'sec-ch-ua-model': '"BRAVIA 4K VH2"' },
      { device: 'other' },
    ],
    ['the form factor wins', ANDROID, { 'sec-ch-ua-form-factors': '"Tablet"' }, { device: 'tablet' }],
    ['a headset is no phone', ANDROID, { 'sec-ch-ua-form-factors': '"Mobile", "XR"' }, { device: 'other' }],
    [
      'Desktop is what a form factor is where nothing else is known',
      ANDROID,
      { 'sec-ch-ua-mobile': '?1', 'sec-ch-ua-form-factors': '"Desktop"' },
      { device: 'mobile' },
    ],
    [
      'no hint is needed',
      SAFARI,
      {},
      { browser: 'safari', browserVersion: '18.1', os: 'macos', device: 'desktop' },
    ],
  ])('%s', (_, userAgent, hints, expected) => {
    const raw = HINT_HEADERS.map((name) => hints[name]);
    expect(parseUserAgent(userAgent, parseHints(raw))).toMatchObject(expected);
    expect(facts({ headers: { 'user-agent': userAgent, ...hints } }).userAgent).toMatchObject(expected);
  });

  it('tell in codes what they tell in words', () => {
    const { visitor } = facts(
      {
        headers: {
          'user-agent': ANDROID,
          'sec-ch-ua': '"Microsoft Edge";v="131", "Chromium";v="131"',
          'sec-ch-ua-form-factors': '"Tablet"',
        },
      },
      { properties: { vocabulary: 'convert' } },
    );
    expect([
      visitor.get('browser'),
      visitor.get('devices'),
      visitor.get('tablet'),
      visitor.get('mobile'),
    ]).toEqual(['EDG', ['ALLTAB', 'OTHTAB'], true, false]);
  });

  it('never throw, never grow, and never take long, whatever they say', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '"',
        '"Brave"',
        ';v="',
        '";v="1"',
        ', ',
        ',',
        ';',
        '\\',
        '\\"',
        '?1',
        'v=',
        '=',
        '*',
        ' ',
        '\t',
      ),
      fc.string({ maxLength: 20 }),
    );
    const hint = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.array(hint, { minLength: 6, maxLength: 6 }),
        fc.constantFrom(ANDROID, SAFARI, ''),
        (hints, agent) => {
          const headers = Object.fromEntries(HINT_HEADERS.map((name, at) => [name, hints[at]!]));
          const found = facts({ headers: { ...headers, 'user-agent': agent } }).userAgent;
          expect(found.browser.length).toBeLessThanOrEqual(64);
          expect(found.os.length).toBeLessThanOrEqual(64);
          expect(found.browserVersion ?? '1').toMatch(/^\d{1,6}(\.\d{1,6})?$/);
        },
      ),
    );
  });
});
