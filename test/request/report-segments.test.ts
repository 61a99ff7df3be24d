import { describe, expect, it } from 'vitest';
import { facts } from './incoming.js';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

describe('report segments', () => {
  it("are in Convert's codes, whatever the vocabulary of the rules", () => {
    const request = {
      url: '/?utm_campaign=spring',
      headers: { 'user-agent': IPHONE, 'cf-ipcountry': 'se', referer: 'https://www.google.com/' },
    };
    for (const vocabulary of ['readable', 'convert'] as const) {
      expect(facts(request, { geo: 'cloudflare', properties: { vocabulary } }).segments()).toEqual({
        country: 'SE',
        browser: 'SF',
        devices: ['ALLPH', 'IPH'],
        source: 'campaign',
        campaign: 'spring',
        visitorType: 'new',
      });
    }
  });

  it('leave out what is unknown', () => {
    const segments = facts({ url: '/?utm_campaign=' }, {}, { isNewVisitor: false }).segments();
    expect(segments).toStrictEqual({
      browser: 'OTH',
      devices: ['OTHDEV'],
      source: 'direct',
      visitorType: 'returning',
    });
  });

  it('are made once, frozen, and without the functions of the app', () => {
    const found = facts(
      {},
      {
        properties: {
          visitor: () => {
            throw new Error('not to be called');
          },
        },
      },
    );
    expect(found.segments()).toBe(found.segments());
    expect(Object.isFrozen(found.segments())).toBe(true);
    expect(Object.isFrozen(found.segments().devices)).toBe(true);
    expect(found.errors).toEqual([]);
  });
});

describe('the traffic source', () => {
  // utm_campaign, utm_medium, referrer -> source
  it.each<[string | undefined, string | undefined, string, string]>([
    [undefined, undefined, '', 'direct'],
    ['spring', undefined, '', 'campaign'],
    ['spring', 'organic', 'https://chatgpt.com/', 'campaign'],
    [undefined, 'cpc', 'https://www.google.com/', 'campaign'],
    [undefined, 'CPC', '', 'campaign'],
    [undefined, 'google', '', 'campaign'],
    [undefined, 'cpc google', '', 'campaign'],
    [undefined, undefined, 'https://chatgpt.com/', 'ai_tool'],
    [undefined, undefined, 'https://www.perplexity.ai/search?q=x', 'ai_tool'],
    [undefined, undefined, 'https://gemini.google.com/app', 'ai_tool'],
    [undefined, 'organic', 'https://claude.ai/', 'ai_tool'],
    [undefined, undefined, 'https://copilot.microsoft.com/', 'ai_tool'],
    [undefined, undefined, 'https://microsoft.com/', 'referral'],
    [undefined, undefined, 'https://thankyou.com/', 'referral'],
    [undefined, 'organic', '', 'search'],
    [undefined, undefined, 'https://www.google.com/', 'search'],
    [undefined, undefined, 'https://google.co.uk', 'search'],
    [undefined, undefined, 'https://www.google.com.au/', 'search'],
    [undefined, undefined, 'https://search.yahoo.co.jp/', 'search'],
    [undefined, undefined, 'https://yandex.ru/', 'search'],
    [undefined, undefined, 'https://WWW.BING.COM:443/search', 'search'],
    [undefined, undefined, 'https://duckduckgo.com/', 'search'],
    [undefined, undefined, 'https://www.ecosia.org/', 'search'],
    [undefined, undefined, 'https://ask.fm/', 'referral'],
    [undefined, undefined, 'https://google.com.evil.example/', 'referral'],
    [undefined, undefined, 'https://notgoogle.com/', 'referral'],
    [undefined, undefined, 'https://evil.example/google.com', 'referral'],
    [undefined, undefined, 'https://google.com@evil.example/', 'referral'],
    [undefined, 'referral', '', 'referral'],
    [undefined, 'email', '', 'direct'],
    [undefined, undefined, 'https://shop.example/cart', 'direct'],
    [undefined, undefined, 'https://www.shop.example/', 'direct'],
    [undefined, undefined, 'https://blog.shop.example/', 'direct'],
    [undefined, undefined, 'https://myshop.example/', 'referral'],
    [undefined, undefined, 'android-app://com.slack/', 'referral'],
    [undefined, undefined, 'nonsense', 'direct'],
  ])('campaign %j, medium %j, referrer %j: %s', (campaign, medium, referer, source) => {
    const query = new URLSearchParams();
    if (campaign !== undefined) query.set('utm_campaign', campaign);
    if (medium !== undefined) query.set('utm_medium', medium);
    const segments = facts({ url: `/?${query.toString()}`, headers: { referer } }).segments();
    expect(segments.source).toBe(source);
    expect(segments.campaign).toBe(campaign);
  });

  it('counts a referrer as another site where our own name is unknown', () => {
    const headers = { referer: 'https://shop.example/' };
    expect(facts({ host: '', headers }).segments().source).toBe('referral');
    expect(facts({ headers }).segments().source).toBe('direct');
  });
});
