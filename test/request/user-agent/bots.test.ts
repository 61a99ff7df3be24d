import { describe, expect, it } from 'vitest';
import { isBotClient } from '../../../src/request/user-agent/bots.js';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

describe('a bot', () => {
  it.each<[string, string | undefined, string | undefined, boolean]>([
    [
      'that says so',
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      undefined,
      true,
    ],
    ['that is a library', 'okhttp/4.12.0', undefined, true],
    ['that isbot does not know', `${CHROME} GTmetrix`, undefined, true],
    ['that has no window, by its hints', CHROME, '"Chromium";v="131", "HeadlessChrome";v="131"', true],
    ['that has no user agent, by its hints', undefined, '"HeadlessChrome";v="131"', true],
    ['or a person', CHROME, '"Chromium";v="131", "Google Chrome";v="131"', false],
    ['or who says nothing', undefined, undefined, false],
    ['or says it with nothing', '', '', false],
    [
      'or a person in WeChat',
      `${CHROME} MicroMessenger/8.0.15.2001(0x28000F41) Process/toolsmp WeChat/arm64 NetType/WIFI`,
      undefined,
      false,
    ],
    [
      'or in Alipay',
      `${CHROME} AlipayDefined(nt:WIFI,ws:360|0|3.0) AliApp(AP/10.3.50.9999)`,
      undefined,
      false,
    ],
    ['but not what hides there', `${CHROME} Process/toolsmp Googlebot/2.1`, undefined, true],
  ])('%s', (_, userAgent, brands, expected) => {
    for (let n = 0; n < 2; n++) expect(isBotClient(userAgent, brands)).toBe(expected);
  });

  it('is told by the first 512 characters', () => {
    expect(isBotClient(`${CHROME} ${'x'.repeat(512)} Googlebot/2.1`, undefined)).toBe(false);
    expect(isBotClient(`${CHROME} Googlebot/2.1 ${'x'.repeat(512)}`, undefined)).toBe(true);
  });
});
