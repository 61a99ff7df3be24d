/** UI rules: every type, through the compiled engine, with the properties that a request has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../../src/engine/compiled-engine.js';
import type {
  EngineExplanation,
  EngineProject,
  EngineVisitor,
  ExperienceAttributes,
  Properties,
} from '../../../src/engine/types.js';
import type { IncomingRequest } from '../../../src/model/http.js';
import type { ExperienceConfig, ProjectConfig, Rule } from '../../../src/model/project-config.js';
import type { VisitorState } from '../../../src/model/visitor-state/types.js';
import { RequestCookies } from '../../../src/request/cookies.js';
import type { RequestOptions } from '../../../src/request/request-reader.js';
import { facts, incoming } from '../../request/incoming.js';
import { testProject } from '../../support/project.js';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 ' +
  'Mobile/15E148 Safari/604.1';

interface Situation {
  request?: Partial<IncomingRequest>;
  options?: Omit<RequestOptions, 'onError'>;
  isNewVisitor?: boolean;
  id?: string;
  state?: VisitorState;
  now?: number;
}

/** A visitor of the shop, as the context gives them to the engine. */
function shopper({ request, options, isNewVisitor = false, id = 'v1', state = {}, now }: Situation = {}) {
  const parts = {
    url: '/shoes/boots?size=9&utm_source=news&utm_medium=email&utm_campaign=spring&utm_term=boot',
  };
  const headers = { 'user-agent': IPHONE, 'accept-language': 'de-AT', 'cf-ipcountry': 'AT' };
  const place = { 'cf-region-code': '9', 'cf-ipcity': 'Wien', cookie: 'plan=pro%20plus; empty=' };
  const given = { headers: { ...headers, ...place }, ...parts, ...request };
  const found = facts(given, { geo: 'cloudflare', ...options }, { isNewVisitor });
  return {
    id,
    state,
    locationProperties: found.location,
    visitorProperties: found.visitor,
    environment: 'staging',
    cookies: new RequestCookies(incoming(given)),
    // A Sunday, 23:59:30.
    now: () => now ?? Date.UTC(2026, 10, 22, 23, 59, 30),
    memo: {},
  } satisfies EngineVisitor;
}

/** Nothing is known: a job. */
const nobody = (): EngineVisitor => {
  const nothing: Properties = { get: () => undefined };
  return {
    id: 'v1',
    state: {},
    locationProperties: nothing,
    visitorProperties: nothing,
    environment: 'staging',
  };
};

const rulesOf = (...all: Rule[]) => ({ OR: [{ AND: all.map((rule) => ({ OR_WHEN: [rule] })) }] });

function rule(type: string, value: unknown, match = 'equals', negated = false, key?: string): Rule {
  return {
    rule_type: type,
    value,
    matching: { match_type: match, negated },
    ...(key !== undefined && { key }),
  };
}

/** An experience `here` whose audience has this rule, and what a change makes of the project. */
function load(
  of: Rule,
  change: (config: ProjectConfig) => void = () => undefined,
  uiRules = true,
): EngineProject {
  const config = testProject();
  config.experiences = [{ ...config.experiences![0]!, id: '900', key: 'here', audiences: ['799'] }];
  config.audiences = [{ id: '799', key: 'asked', name: 'Asked', type: 'transient', rules: rulesOf(of) }];
  change(config);
  return compiledEngine(uiRules ? { uiRules } : undefined).load(config);
}

const matches = (
  project: EngineProject,
  visitor: EngineVisitor,
  attributes: ExperienceAttributes = {},
): boolean => {
  const { reason } = project.experience('here', visitor, attributes);
  expect(['bucketed', 'sticky', 'audience']).toContain(reason);
  return reason !== 'audience';
};

const holds = (of: Rule, visitor: EngineVisitor): boolean => matches(load(of), visitor);

/** The operators that Convert's schema has for each kind of rule. */
const TEXT = 'matches';
const CHOICE = 'equals';
const NUMBER = 'equalsNumber';

interface Row {
  type: string;
  match: string;
  right: unknown;
  wrong: unknown;
  /** The property that is missing in a job; undefined if a job knows it, too. */
  missing?: string;
  key?: string;
  given?: Situation;
  /** The attributes of the call, if the rule is about them. */
  attributes?: ExperienceAttributes;
}

const tag = (type: string): Row => ({
  type,
  match: type === 'page_tag_product_price' ? NUMBER : TEXT,
  right: '12',
  wrong: '13',
  missing: type,
  attributes: { visitorProperties: { [type]: 12 } },
});

const ROWS: readonly Row[] = [
  {
    type: 'url',
    match: TEXT,
    right: 'https://shop.example/shoes/boots',
    wrong: 'https://shop.example/shoes',
    missing: 'url',
  },
  {
    type: 'url_with_query',
    match: 'contains',
    right: '/boots?size=9',
    wrong: '/boots?size=10',
    missing: 'url',
  },
  { type: 'query_string', match: 'startsWith', right: 'size=9&', wrong: '?size=9&', missing: 'query' },
  { type: 'campaign', match: TEXT, right: 'Spring', wrong: 'summer', missing: 'campaign' },
  { type: 'keyword', match: TEXT, right: 'boot', wrong: 'shoe', missing: 'keyword' },
  { type: 'medium', match: TEXT, right: 'email', wrong: 'organic', missing: 'medium' },
  { type: 'source_name', match: TEXT, right: 'news', wrong: 'google', missing: 'sourceName' },
  { type: 'country', match: CHOICE, right: 'AT', wrong: 'DE', missing: 'country' },
  { type: 'region', match: TEXT, right: '9', wrong: '8', missing: 'region' },
  { type: 'city', match: 'endsWith', right: 'ien', wrong: 'raz', missing: 'city' },
  { type: 'language', match: CHOICE, right: 'de', wrong: 'de-AT', missing: 'language' },
  { type: 'browser_name', match: CHOICE, right: 'safari', wrong: 'chrome', missing: 'browser' },
  { type: 'browser_version', match: TEXT, right: '17.4', wrong: '17', missing: 'browserVersion' },
  { type: 'os', match: CHOICE, right: 'iphone', wrong: 'ios', missing: 'os' },
  {
    type: 'user_agent',
    match: 'regexMatches',
    right: 'iphone os \\d+_4',
    wrong: 'android',
    missing: 'userAgent',
  },
  { type: 'is_mobile', match: CHOICE, right: true, wrong: false, missing: 'mobile' },
  { type: 'is_tablet', match: CHOICE, right: false, wrong: true, missing: 'tablet' },
  { type: 'is_desktop', match: CHOICE, right: false, wrong: true, missing: 'desktop' },
  { type: 'visitor_type', match: CHOICE, right: 'returning', wrong: 'new', missing: 'visitorType' },
  { type: 'visitor_type', match: CHOICE, right: 'new', wrong: 'returning', given: { isNewVisitor: true } },
  { type: 'visitor_id', match: TEXT, right: 'V1', wrong: 'v2' },
  { type: 'cookie', match: 'contains', right: 'pro plus', wrong: 'free', missing: 'plan', key: 'plan' },
  {
    type: 'goal_triggered',
    match: CHOICE,
    right: 501,
    wrong: 502,
    given: { state: { goals: { purchase: true, signup: false, gone: true } } },
  },
  {
    type: 'bucketed_into_segment',
    match: CHOICE,
    right: 801,
    wrong: 802,
    given: { state: { segments: { customSegments: ['801'] } } },
  },
  { type: 'bucketed_into_experience', match: CHOICE, right: false, wrong: true },
  {
    type: 'project_time_day_of_week',
    match: NUMBER,
    right: 7,
    wrong: 0,
    missing: 'project_time_day_of_week',
  },
  {
    type: 'project_time_hour_of_day',
    match: 'lessEqual',
    right: 23,
    wrong: 22,
    missing: 'project_time_hour_of_day',
  },
  {
    type: 'project_time_minute_of_hour',
    match: NUMBER,
    right: 59,
    wrong: 60,
    missing: 'project_time_minute_of_hour',
  },
  ...['page_type', 'category_id', 'category_name', 'product_sku', 'product_name', 'product_price']
    .concat(['customer_id', 'custom_1', 'custom_2', 'custom_3', 'custom_4'])
    .map((name) => tag(`page_tag_${name}`)),
];

describe.each(ROWS)(
  'the rule $type ($match $right)',
  ({ type, match, right, wrong, missing, key, ...more }) => {
    const { given, attributes } = more;
    const asked = (value: unknown, negated: boolean): boolean =>
      matches(load(rule(type, value, match, negated, key)), shopper(given), attributes);

    it('matches, or not, and the other way round where it is negated', () => {
      expect(asked(right, false)).toBe(true);
      expect(asked(wrong, false)).toBe(false);
      expect(asked(right, true)).toBe(false);
      expect(asked(wrong, true)).toBe(true);
    });

    it.runIf(missing !== undefined)(
      'is false without its fact, negated or not, and says what is missing',
      () => {
        for (const negated of [false, true]) {
          const project = load(rule(type, right, match, negated, key));
          expect(matches(project, nobody())).toBe(false);
          const { failed, missing: named } = project.explain('here', nobody(), {});
          expect(named).toEqual([missing]);
          expect(failed[0]!.rules).toMatchObject([{ problem: 'missing', property: missing, negated }]);
        }
        expect(holds(rule(type, right, 'exists', false, key), nobody())).toBe(false);
        expect(holds(rule(type, right, 'doesNotExist', false, key), nobody())).toBe(true);
      },
    );

    it('is as with the SDK by default', () => {
      const off = (of: Rule): EngineProject => load(of, undefined, false);
      for (const negated of [false, true]) {
        const project = off(rule(type, right, match, negated, key));
        expect(matches(project, shopper(given), attributes)).toBe(false);
        const { failed } = project.explain('here', shopper(given), attributes ?? {});
        const problem = key === undefined ? 'unsupported-rule' : 'missing';
        expect(failed[0]!.rules).toMatchObject([{ problem, property: key ?? type }]);
      }
      expect(matches(off(rule(type, right, 'exists', false, key)), shopper(given), attributes)).toBe(false);
      expect(matches(off(rule(type, right, 'doesNotExist', false, key)), shopper(given), attributes)).toBe(
        true,
      );
    });
  },
);

describe('what a server cannot know', () => {
  it.each([
    ['weather_condition', 'Sunny'],
    ['js_condition', 'true'],
    ['visitor_data_exists', true],
    ['avg_time_page', 10],
    ['visit_duration', 10],
    ['visits_count', 1],
    ['pages_visited_count', 1],
    ['days_since_last_visit', 0],
    ['local_time_day_of_week', 7],
    ['local_time_hour_of_day', 23],
    ['local_time_minute_of_hour', 59],
    ['page_tag_other', 'x'],
    ['generic_text_key_value', 'x'],
    ['cookie', 'x'],
    ['visitor_id', 'true'],
    ['visitor_id', false],
    ['visitor_id', ' '],
    ['visitor_id', 0],
    ['unheard_of', 'x'],
    ['__proto__', 'x'],
    ['constructor', 'x'],
  ])('%s (%j) is false whatever it asks, and says why', (type, value) => {
    for (const match of ['equals', 'contains', 'lessEqual', 'exists', 'doesNotExist']) {
      for (const negated of [false, true]) {
        const project = load(rule(type, value, match, negated));
        expect(matches(project, shopper())).toBe(false);
        expect(project.explain('here', shopper(), {})).toMatchObject({
          failed: [{ type: 'audience', rules: [{ problem: 'unsupported-rule', property: type, negated }] }],
          missing: [],
        });
      }
    }
  });

  it('leaves rules with a key to the properties, whatever their type is', () => {
    const of = rule('pages_visited_count', 3, 'equalsNumber', false, 'pages');
    expect(matches(load(of), shopper(), { visitorProperties: { pages: 3 } })).toBe(true);
    expect(matches(load({ ...of, rule_type: 'url' }), shopper(), { visitorProperties: { pages: 3 } })).toBe(
      true,
    );
    expect(load(of).explain('here', shopper(), {}).missing).toEqual(['pages']);
  });

  it('is false for a rule without a type, too', () => {
    const { rule_type: _, ...untyped } = rule('', 'x', 'equals', true);
    expect(holds(untyped, shopper())).toBe(false);
  });
});

describe('the URL', () => {
  const at = (url: string, value: string, match = TEXT, type = 'url'): boolean =>
    holds(rule(type, value, match), shopper({ request: { url } }));

  it.each([
    // The page is written as the rule writes its URL: with a slash at the end, or without.
    ['/pricing', 'https://shop.example/pricing/', true],
    ['/pricing/', 'https://shop.example/pricing', true],
    ['/pricing/', 'https://shop.example/pricing/', true],
    ['/Pricing', 'https://SHOP.example/pricing', true],
    ['/', 'https://shop.example/', true],
    ['/', 'https://shop.example', false],
    ['/pricing//', 'https://shop.example/pricing', false],
    ['/pricing/2', 'https://shop.example/pricing/', false],
    ['/pricing?x=/', 'https://shop.example/pricing/', true],
    ['/pricing', 'http://shop.example/pricing', false],
    ['/pricing', '/pricing', false],
    ['/pricing', 'http://[', false],
  ])('%s against %s: %s', (url, value, expected) => {
    expect(at(url, value)).toBe(expected);
  });

  it.each([
    ['/pricing/?x=1', 'https://shop.example/pricing?x=1', true],
    ['/pricing?x=1', 'https://shop.example/pricing/?x=1', true],
    ['/pricing?x=1', 'https://shop.example/pricing', false],
    ['/?x=1', 'https://shop.example/?x=1', true],
  ])('with its query, %s against %s: %s', (url, value, expected) => {
    expect(at(url, value, TEXT, 'url_with_query')).toBe(expected);
  });

  it('has no query but where the rule is about it, and patterns see the page as it is', () => {
    expect(at('/p?coupon=1', 'coupon', 'contains')).toBe(false);
    expect(at('/p?coupon=1', 'coupon', 'contains', 'url_with_query')).toBe(true);
    expect(at('/p/', '/p/', 'endsWith')).toBe(true);
    expect(at('/p/', 'https?://shop\\.example/p/$', 'regexMatches')).toBe(true);
    expect(at('/p/', 'https://shop.example/p$', 'regexMatches')).toBe(false);
  });

  it('keeps its end where the rule gives no URL', () => {
    const visitor = shopper({ request: { url: '/pricing', host: 'shop.example:8443' } });
    expect(holds(rule('url', 'https://shop.example:8443/pricing/', 'contains'), visitor)).toBe(true);
    expect(holds(rule('url', 'shop.example:8443/pricing/', 'contains'), visitor)).toBe(false);
    expect(holds(rule('url', 'shop.example:8443/pricing', 'contains'), visitor)).toBe(true);
  });

  it('may be given by the app, with a fragment, or as something else', () => {
    const given = (url: unknown, value: string, type = 'url'): boolean =>
      matches(load(rule(type, value, TEXT)), shopper(), { locationProperties: { url } });
    expect(given('https://a.example/x/#top?no', 'https://a.example/x')).toBe(true);
    expect(given('https://a.example/x#top?no', 'https://a.example/x', 'url_with_query')).toBe(true);
    expect(given('https://a.example/x?q#top', 'https://a.example/x?q', 'url_with_query')).toBe(true);
    expect(given('/x/', '/x/')).toBe(true);
    expect(given(7, '7')).toBe(true);
  });

  it('is asked of locations and site areas as well', () => {
    const places = (change: Partial<ExperienceConfig>): EngineProject =>
      load(rule('visitor_id', 'v1', TEXT), (config) => {
        Object.assign(config.experiences![0]!, change);
        config.locations = [
          { id: '601', key: 'shoes', name: 'Shoes', rules: rulesOf(rule('url', '/shoes/', 'contains')) },
        ];
      });
    for (const project of [
      places({ locations: ['601'] }),
      places({ site_area: rulesOf(rule('url', '/shoes/', 'contains'), rule('country', 'AT')) }),
    ]) {
      expect(project.experience('here', shopper(), {}).reason).toBe('bucketed');
      expect(project.experience('here', shopper({ request: { url: '/hats/x' } }), {}).reason).toBe(
        'location',
      );
    }
  });
});

describe('how the visitor got here', () => {
  const arrived = (url: string, referer?: string): EngineVisitor =>
    shopper({
      request: { url, headers: { 'user-agent': IPHONE, ...(referer !== undefined && { referer }) } },
    });
  /** What the rules compare. */
  const told = (visitor: EngineVisitor): Record<string, unknown> =>
    Object.fromEntries(
      ['medium', 'source_name', 'keyword', 'campaign'].map((type) => {
        const project = load(rule(type, 'none of these', TEXT));
        return [type, project.explain('here', visitor, {}).failed[0]!.rules[0]!.actual];
      }),
    );

  it.each([
    ['/', undefined, '', ''],
    ['/', 'https://www.google.com/', 'organic', 'www.google.com'],
    ['/', 'https://chatgpt.com/', 'ai tool', 'chatgpt.com'],
    ['/', 'http://blog.example:8080/post', 'referral', 'blog.example:8080'],
    ['/', 'https://shop.example/cart', '', ''],
    ['/', 'android-app://com.google.android.gm/', 'referral', 'com.google.android.gm'],
    ['/', 'https://', '', ''],
    ['/?gclid=x', 'https://www.google.com/', 'cpc google', 'google'],
    ['/?a=b&gclid=x', undefined, 'cpc google', 'google'],
    ['/?gclid=', undefined, '', ''],
    ['/?notgclid=x', undefined, '', ''],
    ['/?utm_medium=&utm_source=', 'https://www.google.com/', 'organic', 'www.google.com'],
    ['/?utm_source=letter', 'https://www.google.com/', 'organic', 'letter'],
    ['/?utm_medium=cpc&gclid=x', undefined, 'cpc', 'google'],
  ])('%s from %s: medium %j, source %j', (url, referrer, medium, source) => {
    expect(told(arrived(url, referrer))).toEqual({ medium, source_name: source, keyword: '', campaign: '' });
  });

  it('is known where the visitor came straight away: a negated rule holds', () => {
    for (const type of ['medium', 'source_name', 'keyword', 'campaign']) {
      expect(holds(rule(type, 'x', 'contains', true), arrived('/'))).toBe(true);
      expect(holds(rule(type, '', 'exists'), arrived('/'))).toBe(false);
    }
  });
});

describe('words of the visitor', () => {
  const reads = (type: string, properties: Record<string, unknown>): unknown =>
    load(rule(type, 'none of these', CHOICE)).explain('here', nobody(), { visitorProperties: properties })
      .failed[0]!.rules[0]!.actual;

  it.each([
    ['chrome', 'chrome'],
    ['ie', 'microsoft_ie'],
    ['firefox', 'firefox'],
    ['edge', 'microsoft_edge'],
    ['mozilla', 'mozilla'],
    ['netscape', 'mozilla'],
    ['opera', 'opera'],
    ['Safari', 'safari'],
    ['samsung internet', 'samsung internet'],
    ['other', 'other'],
    ['CH', 'chrome'],
    ['IE', 'microsoft_ie'],
    ['FF', 'firefox'],
    ['EDG', 'microsoft_edge'],
    ['MO', 'mozilla'],
    ['NS', 'mozilla'],
    ['OP', 'opera'],
    ['SF', 'safari'],
    ['OTH', 'other'],
    [undefined, undefined],
  ])('browser %s is %s', (browser, name) => {
    expect(reads('browser_name', { browser })).toBe(name);
  });

  it.each([
    ['126', '126.0'],
    ['17.4', '17.4'],
    ['17.10', '17.1'],
    ['beta', 'beta'],
    [126, 126],
  ])('version %j is %j', (browserVersion, version) => {
    expect(reads('browser_version', { browserVersion })).toBe(version);
  });

  it.each([
    [{ os: 'android', device: 'tablet' }, 'android'],
    [{ os: 'windows' }, 'windows'],
    [{ os: 'macos' }, 'macos'],
    [{ os: 'linux' }, 'linux'],
    [{ os: 'chrome os' }, 'linux'],
    [{ os: 'iOS', device: 'mobile' }, 'iphone'],
    [{ os: 'ios', device: 'tablet', userAgent: 'iPad' }, 'ipad'],
    [{ os: 'ios', device: 'bot', tablet: true }, 'ipad'],
    [{ os: 'ios', device: 'mobile', userAgent: 'Mozilla/5.0 (iPod touch; CPU' }, 'ipod'],
    [{ os: 'ios', userAgent: 7 }, 'iphone'],
    [{ os: 7 }, 7],
  ])('system %j is %j', (properties, name) => {
    expect(reads('os', properties)).toBe(name);
  });

  it('count from the stored segments where the request does not tell', () => {
    const visitor = { ...nobody(), state: { segments: { country: 'FR', browser: 'FF' } } };
    expect(holds(rule('country', 'fr'), visitor)).toBe(true);
    expect(holds(rule('browser_name', 'firefox'), visitor)).toBe(true);
  });

  it('read the tags of the page from either kind of properties, the page first', () => {
    const project = load(rule('page_tag_page_type', 'cart', TEXT));
    const given = (locationProperties: object, visitorProperties: object): boolean =>
      matches(project, shopper(), {
        locationProperties: { ...locationProperties },
        visitorProperties: { ...visitorProperties },
      });
    expect(given({ page_tag_page_type: 'cart' }, {})).toBe(true);
    expect(given({}, { page_tag_page_type: 'cart' })).toBe(true);
    expect(given({ page_tag_page_type: 'home' }, { page_tag_page_type: 'cart' })).toBe(false);
  });
});

describe('cookies', () => {
  const asked = (match: string, value: unknown, negated: boolean, key: string): boolean =>
    holds(rule('cookie', value, match, negated, key), shopper());

  it('that are not there are known to be so: who has none does not contain anything', () => {
    expect(asked('contains', '12345', true, '_conv_v')).toBe(true);
    expect(asked('contains', '12345', false, '_conv_v')).toBe(false);
    expect(asked('exists', undefined, false, '_conv_v')).toBe(false);
    expect(asked('doesNotExist', undefined, false, '_conv_v')).toBe(true);
    expect(asked('exists', undefined, false, 'plan')).toBe(true);
    expect(asked('exists', undefined, false, 'empty')).toBe(false);
    const project = load(rule('cookie', 'x', TEXT, false, '_conv_v'));
    expect(project.explain('here', shopper(), {})).toMatchObject({
      failed: [{ rules: [{ problem: 'no-match', property: '_conv_v', actual: null }] }],
      missing: [],
    });
  });

  it('are not properties of the same name, but where there is no request', () => {
    const project = load(rule('cookie', 'free', TEXT, false, 'plan'));
    const attributes = { visitorProperties: { plan: 'free' } };
    expect(matches(project, shopper(), attributes)).toBe(false);
    expect(matches(project, nobody(), attributes)).toBe(true);
  });
});

describe('the time of the project', () => {
  const at = (iso: string, offset: unknown): unknown[] =>
    ['day_of_week', 'hour_of_day', 'minute_of_hour'].map((part) => {
      const project = load(rule(`project_time_${part}`, -1, NUMBER), (config) => {
        config.project.utc_offset = offset as string;
      });
      return project.explain('here', shopper({ now: Date.parse(iso) }), {}).failed[0]!.rules[0]!.actual;
    });

  it.each([
    ['2026-11-22T23:59:59.999Z', 0, 7, 23, 59],
    ['2026-11-22T23:59:59.999Z', '0', 7, 23, 59],
    ['2026-11-22T23:30:00Z', 3600, 1, 0, 30],
    ['2026-11-22T23:30:00Z', '-18000', 7, 18, 30],
    ['2026-11-23T00:10:00Z', -19_800, 7, 18, 40],
    ['2026-11-25T12:00:00Z', 45 * 60, 3, 12, 45],
    ['1970-01-01T00:00:00Z', 0, 4, 0, 0],
    ['1970-01-01T00:00:00Z', -1, 3, 23, 59],
  ])('%s with an offset of %j seconds is day %i, %i:%i', (iso, offset, ...parts) => {
    expect(at(iso, offset)).toEqual(parts);
  });

  it.each([undefined, null, '', 'Europe/Vienna', {}])('is unknown with the offset %j', (offset) => {
    expect(at('2026-11-22T23:59:59Z', offset)).toEqual([undefined, undefined, undefined]);
  });
});

describe('what moves on while the request stays', () => {
  /** One visitor with a memo, as a context has it; the state and the clock change. */
  function moving() {
    const visitor: { -readonly [Field in keyof EngineVisitor]: EngineVisitor[Field] } = shopper();
    return { visitor, asks: (project: EngineProject) => matches(project, visitor) };
  }

  it('is not remembered: a goal, a segment, an experience', () => {
    const { visitor, asks } = moving();
    const goal = load(rule('goal_triggered', 501));
    const segment = load(rule('bucketed_into_segment', 801));
    const experience = load(rule('bucketed_into_experience', true), (config) => {
      config.experiences!.push({ ...config.experiences![0]!, id: '901', key: 'there' });
    });
    for (const each of [goal, segment, experience]) expect(asks(each)).toBe(false);
    visitor.state = { goals: { purchase: true } };
    expect([goal, segment, experience].map(asks)).toEqual([true, false, false]);
    visitor.state = { segments: { customSegments: ['801'] } };
    expect([goal, segment, experience].map(asks)).toEqual([false, true, false]);
    visitor.state = { ...visitor.state, bucketing: { 901: '9010' } };
    expect([goal, segment, experience].map(asks)).toEqual([false, true, true]);
  });

  it('is not remembered: the time', () => {
    const { visitor, asks } = moving();
    const project = load(rule('project_time_hour_of_day', 23, NUMBER));
    expect(asks(project)).toBe(true);
    visitor.now = () => Date.UTC(2026, 10, 23, 0, 0);
    expect(asks(project)).toBe(false);
  });

  it('is not decided upon while the state cannot be read', () => {
    const unavailable = { ...shopper(), stateUnavailable: true };
    const reason = (of: Rule, change?: (config: ProjectConfig) => void): string =>
      load(of, change).experience('here', unavailable, {}).reason;
    for (const type of ['goal_triggered', 'bucketed_into_segment', 'bucketed_into_experience']) {
      expect(reason(rule(type, 501, CHOICE, true))).toBe('state-unavailable');
      expect(
        reason(rule('country', 'AT'), (config) => {
          config.experiences![0]!.site_area = rulesOf(rule(type, 501, CHOICE, true));
        }),
      ).toBe('state-unavailable');
      expect(
        reason(rule('country', 'AT'), (config) => {
          config.experiences![0]!.locations = ['601'];
          config.locations![0]!.rules = rulesOf(rule(type, 501, CHOICE, true));
        }),
      ).toBe('state-unavailable');
    }
    expect(reason(rule('country', 'AT'))).toBe('bucketed');
    expect(reason(rule('project_time_hour_of_day', 23, NUMBER))).toBe('bucketed');
  });
});

describe('bucketed_into_experience', () => {
  const alone = rule('bucketed_into_experience', false);
  const withOthers = (...others: Partial<ExperienceConfig>[]): EngineProject =>
    load(alone, (config) => {
      const [first] = config.experiences!;
      config.experiences!.push(...others.map((other) => ({ ...first!, ...other })));
    });
  const two = (): EngineProject => withOthers({ id: '901', key: 'there' });

  it('is about the other ones: nobody falls out of an experience for being in it', () => {
    expect(matches(two(), shopper({ state: { bucketing: { 900: '1010' } } }))).toBe(true);
    expect(matches(two(), shopper({ state: { bucketing: { 901: '1010' } } }))).toBe(false);
    const explained = (bucketing: Record<string, string>): EngineExplanation =>
      two().explain('here', shopper({ state: { bucketing } }), {});
    expect(explained({ 900: '1010' }).failed).toEqual([]);
    expect(explained({ 900: '1010', 901: '1010' }).failed[0]!.rules).toMatchObject([
      { problem: 'no-match', actual: true },
    ]);
    const abroad = load(alone, (config) => {
      config.audiences![0]!.rules = rulesOf(alone, rule('country', 'DE'));
    });
    const { failed } = abroad.explain('here', shopper({ state: { bucketing: { 900: 'gone' } } }), {});
    expect(failed[0]!.rules).toMatchObject([{ problem: 'no-match', property: 'country', actual: 'AT' }]);
  });

  it('sees what was decided before in the same call', () => {
    const decided = (project: EngineProject): string[] =>
      project.experiences(shopper(), {}).map(({ reason }) => reason);
    expect(decided(two())).toEqual(['bucketed', 'audience']);
    const inSiteArea = load(rule('country', 'AT'), (config) => {
      const [first] = config.experiences!;
      config.experiences = ['900', '901'].map((id) => ({
        ...first!,
        id,
        key: id,
        site_area: rulesOf(alone),
      }));
    });
    expect(decided(inSiteArea)).toEqual(['bucketed', 'location']);
  });

  it('counts neither what the project no longer has, nor deployments, nor what is archived', () => {
    const project = withOthers({ id: '902', key: 'deployed', type: 'deploy' }, { id: '903', key: 'past' });
    const archived = load(alone, (config) => {
      config.experiences!.push({ ...config.experiences![0]!, id: '903', key: 'past' });
      config.archived_experiences = ['903'];
    });
    const state = (id: string): Situation => ({ state: { bucketing: { [id]: '1' } } });
    expect(matches(project, shopper(state('999')))).toBe(true);
    expect(matches(project, shopper(state('902')))).toBe(true);
    expect(matches(project, shopper(state('903')))).toBe(false);
    expect(matches(archived, shopper(state('903')))).toBe(true);
  });
});

describe('elsewhere', () => {
  it('goals ask the request as well, under the data that is given', () => {
    const project = load(rule('country', 'AT'), (config) => {
      config.goals!.push({
        id: '503',
        key: 'abroad',
        name: 'Abroad',
        rules: rulesOf(
          rule('country', 'DE', 'equals', true),
          rule('generic_text_key_value', 'pro', 'matches', false, 'plan'),
        ),
      });
    });
    const convert = (visitor: EngineVisitor, ruleData: Record<string, unknown>): string =>
      project.conversion('abroad', visitor, { ruleData }).reason;
    expect(convert(shopper(), { plan: 'pro' })).toBe('tracked');
    expect(convert(shopper(), { plan: 'pro', country: 'DE' })).toBe('goal-rules');
    expect(convert(shopper(), {})).toBe('goal-rules');
    expect(convert(nobody(), { plan: 'pro' })).toBe('goal-rules');
    const keyed = { ...nobody(), visitorProperties: { get: () => 'pro' } };
    expect(convert(keyed, { country: 'AT' })).toBe('goal-rules');
  });

  it('segments ask the request as well', () => {
    const project = load(rule('country', 'AT'), (config) => {
      config.segments![0]!.rules = rulesOf(
        rule('os', 'iphone'),
        rule('bucketed_into_segment', 801, CHOICE, true),
      );
    });
    const added = (visitor: EngineVisitor) => project.customSegments(['big-spenders'], visitor, {});
    expect(added(shopper())).toEqual({ segments: { customSegments: ['801'] } });
    expect(added(nobody())).toEqual({});
  });

  it('a config without goals, experiences or an offset is no problem', () => {
    const project = compiledEngine({ uiRules: true }).load({ account_id: '1', project: { id: '2' } });
    expect(project.experiences(shopper(), {})).toEqual([]);
  });
});

describe('hostile rules and values', () => {
  const type = fc.constantFrom(...new Set(ROWS.map((row) => row.type)), 'weather_condition', '__proto__');
  const strange = fc.oneof(fc.anything({ withNullPrototype: true }), fc.string(), fc.webUrl());
  const match = fc.constantFrom(
    'equals',
    'matches',
    'contains',
    'less',
    'isIn',
    'startsWith',
    'exists',
    'doesNotExist',
  );
  const names = [
    'url',
    'query',
    'referrer',
    'hostname',
    'browser',
    'browserVersion',
    'os',
    'device',
    'language',
  ];
  const properties = fc.record(
    Object.fromEntries([...names, 'userAgent', 'country', 'medium'].map((name) => [name, strange])),
    { requiredKeys: [] },
  );

  it('never throw, and give an answer', () => {
    fc.assert(
      fc.property(
        type,
        strange,
        match,
        fc.boolean(),
        properties,
        strange,
        (type, value, match, negated, given, odd) => {
          const state = {
            goals: { purchase: odd as boolean },
            segments: { customSegments: [odd, '801'] },
            bucketing: { 901: odd as string },
          };
          const project = load(rule(type, value, match, negated, type === 'cookie' ? 'plan' : undefined));
          const now = () => (typeof odd === 'number' ? odd : NaN);
          const visitor = { ...shopper({ state }), now, cookies: { get: () => odd } };
          for (const attributes of [{}, { locationProperties: given, visitorProperties: given }]) {
            expect(['bucketed', 'audience']).toContain(
              project.experience('here', visitor, attributes).reason,
            );
            expect(project.explain('here', visitor, attributes).decision.reason).toMatch(
              /^(bucketed|audience)$/,
            );
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
