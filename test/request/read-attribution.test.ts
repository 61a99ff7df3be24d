/** How a visitor got here: what one request says of it, and what its session says before that. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attribution, ATTRIBUTION_BYTES, TRAFFIC_SOURCES } from '../../src/model/attribution.js';
import type { HeaderValue } from '../../src/model/http.js';
import { CLICK_IDS } from '../../src/request/query-parameters.js';
import { createRequestReader } from '../../src/request/request-reader.js';
import { facts, watched } from './incoming.js';

const DIRECT: Attribution = { source: 'direct', campaign: '', medium: '', keyword: '', sourceName: '' };

const arrived = (
  url: string,
  headers: Record<string, HeaderValue> = {},
  host = 'www.shop.example',
): Attribution => facts({ url, headers, host }).attribution;
const from = (referer: string, more: Record<string, string> = {}, host?: string): Attribution =>
  arrived('/', { referer, ...more }, host);

describe('how a visitor got here', () => {
  it('straight away', () => {
    expect(arrived('/')).toEqual(DIRECT);
    expect(arrived('/?a=b', { referer: '' })).toEqual(DIRECT);
  });

  it('by a link of a campaign: all that it says, whatever the referrer', () => {
    const query = 'utm_source=news&utm_medium=email&utm_campaign=spring&utm_term=boots&utm_content=top';
    expect(arrived(`/?${query}`, { referer: 'https://www.google.com/search?q=shoes' })).toEqual({
      source: 'campaign',
      campaign: 'spring',
      medium: 'email',
      keyword: 'boots',
      sourceName: 'news',
    });
  });

  it.each<[string, string, Partial<Attribution>]>([
    // Origins, as the policy that browsers have by default leaves of other sites.
    [
      'a search engine',
      'https://www.google.com/',
      { source: 'search', medium: 'organic', sourceName: 'www.google.com' },
    ],
    [
      'its app',
      'android-app://com.google.android.googlequicksearchbox/',
      {
        source: 'search',
        medium: 'organic',
        sourceName: 'com.google.android.googlequicksearchbox',
      },
    ],
    [
      'an AI tool',
      'https://chatgpt.com/',
      { source: 'ai_tool', medium: 'ai tool', sourceName: 'chatgpt.com' },
    ],
    [
      'its app',
      'android-app://com.openai.chatgpt',
      { source: 'ai_tool', medium: 'ai tool', sourceName: 'com.openai.chatgpt' },
    ],
    [
      'a mail app',
      'android-app://com.google.android.gm/',
      { source: 'referral', medium: 'referral', sourceName: 'com.google.android.gm' },
    ],
    [
      'an app on iOS',
      'ios-app://544007664/vnd.youtube/www.youtube.com',
      { source: 'referral', sourceName: '544007664' },
    ],
    [
      'another site',
      'https://Blog.Example:8080/post?q=x',
      { source: 'referral', medium: 'referral', sourceName: 'blog.example:8080', keyword: '' },
    ],
    [
      'a site on an address',
      'http://[2001:db8::1]:80/',
      { source: 'referral', sourceName: '[2001:db8::1]:80' },
    ],
    ['a host that tells its user', 'https://u:p@blog.example/', { sourceName: 'blog.example' }],
    ['no host', 'https:///x', DIRECT],
    ['an app without an id', 'android-app:///', DIRECT],
    ['another scheme', 'about:client', DIRECT],
    ['a host that is none', 'https://a_b<c/', DIRECT],
  ])('from %s: %s', (_what, referrer, expected) => {
    expect(from(referrer)).toMatchObject(expected);
  });

  it.each([
    ['https://www.google.com/search?q=winter+boots&hl=en', 'winter boots'],
    ['https://www.bing.com/search?form=x&q=caf%C3%A9', 'café'],
    ['https://search.yahoo.com/search?p=boots', 'boots'],
    ['https://yandex.ru/search/?text=boots#q', 'boots'],
    ['https://www.baidu.com/s?wd=boots', 'boots'],
    ['https://duckduckgo.com/?q=boots', 'boots'],
    ['https://www.google.com/search?hl=en#q=boots', ''],
    ['https://www.google.com/?q=', ''],
    ['https://chatgpt.com/?q=boots', ''],
    ['https://blog.example/?q=boots', ''],
  ])('searched for, as far as %s tells: %j', (referrer, keyword) => {
    expect(from(referrer).keyword).toBe(keyword);
  });

  it('by an ad of Google: the id of the click says so, as with the tracking script', () => {
    const ad = { source: 'campaign', campaign: '', medium: 'cpc google', keyword: '', sourceName: 'google' };
    expect(arrived('/?gclid=x')).toEqual(ad);
    expect(arrived('/?gclid=x', { referer: 'https://www.google.com/?q=boots' })).toEqual(ad);
    expect(arrived('/?gclid=', { referer: 'https://www.google.com/' }).medium).toBe('organic');
    expect(arrived('/?gclid=x&utm_medium=cpc&utm_source=g&utm_term=t')).toEqual({
      ...ad,
      medium: 'cpc',
      sourceName: 'g',
      keyword: 't',
    });
    for (const other of ['gbraid', 'fbclid', 'msclkid']) expect(arrived(`/?${other}=x`)).toEqual(DIRECT);
  });

  it('from a page of our own is not from elsewhere', () => {
    for (const own of [
      'https://www.shop.example/cart',
      'https://shop.example',
      'http://blog.shop.example:81/',
    ]) {
      expect(from(own)).toEqual(DIRECT);
    }
    expect(from('https://myshop.example/').source).toBe('referral');
    // Two subdomains: only the browser knows how far the site reaches.
    const sibling = 'https://blog.shop.example/';
    expect(from(sibling, {}, 'my.shop.example').source).toBe('referral');
    expect(from(sibling, { 'sec-fetch-site': 'cross-site' }, 'my.shop.example').source).toBe('referral');
    expect(from(sibling, { 'sec-fetch-site': 'same-site' }, 'my.shop.example')).toEqual(DIRECT);
    expect(from(sibling, { 'sec-fetch-site': 'same-origin' }, 'localhost')).toEqual(DIRECT);
  });

  it('is what the first hit of the session said, and nothing of the request is looked at then', () => {
    const attribution: Attribution = { ...DIRECT, source: 'search', medium: 'organic', campaign: 'kept' };
    const { request, reads } = watched({
      url: '/?utm_campaign=other',
      headers: { referer: 'https://a.example/' },
    });
    const reader = createRequestReader({ onError: () => {} });
    const found = reader.read(request, {
      isNewVisitor: true,
      session: { isFirst: false, attribution },
    });
    const properties = ['source', 'medium', 'campaign', 'keyword', 'sourceName', 'visitorType'];
    expect(properties.map((name) => found.visitor.get(name))).toEqual([
      'search',
      'organic',
      'kept',
      '',
      '',
      'returning',
    ]);
    expect(reads).toEqual([]);
    expect(found.segments()).toMatchObject({ source: 'search', campaign: 'kept', visitorType: 'returning' });
    // Of this request.
    expect(found.visitor.get('utm_campaign')).toBe('other');
  });

  it('is what each request says, in a session that keeps nothing of it', () => {
    const session = { isFirst: true, attribution: undefined };
    const found = facts({ url: '/?utm_campaign=now' }, {}, { isNewVisitor: false, session });
    expect(found.segments()).toMatchObject({ source: 'campaign', campaign: 'now', visitorType: 'new' });
  });

  it('is bounded, whatever the request says', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('é', '漢', '🧥', 'a%', '%', '&', '.', '/').map((unit) => unit.repeat(3000)),
    );
    const scheme = fc.constantFrom('https://', 'http://', 'android-app://', 'https://www.google.com/?q=', '');
    fc.assert(
      fc.property(text, text, scheme, text, text, (name, value, given, referrer, site) => {
        const url = `/?utm_campaign=${value}&utm_${name}=${value}&gclid=${value}`;
        const { source, ...texts } = arrived(url, { referer: given + referrer, 'sec-fetch-site': site });
        expect(TRAFFIC_SOURCES).toContain(source);
        for (const [each, said] of Object.entries(texts)) {
          expect(Buffer.byteLength(said)).toBeLessThanOrEqual(ATTRIBUTION_BYTES[each as keyof typeof texts]);
          expect(said.isWellFormed()).toBe(true);
        }
      }),
    );
  });
});

describe('ids of clicks', () => {
  it('are properties of this request, the first of each, at most 512 characters', () => {
    const query = CLICK_IDS.map((name, index) => `${name}=id-${index}&${name}=second`).join('&');
    const { visitor } = facts({ url: `/?${query}` });
    expect(CLICK_IDS.map((name) => visitor.get(name))).toEqual(CLICK_IDS.map((_, index) => `id-${index}`));
    expect(facts({ url: `/?fbclid=${'x'.repeat(2000)}` }).visitor.get('fbclid')).toBe('x'.repeat(512));
    expect(facts({ url: '/' }).visitor.get('gclid')).toBeUndefined();
  });
});
