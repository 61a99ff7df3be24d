/**
 * What it costs to know a request: each set of properties by itself, from the sources as the package has them, with
 * requests like those seen before (warm) and like none before (cold: no cache helps). Then hostile requests at Node's
 * limit for a head, through all of the package: what the worst of them take.
 */
import { readFileSync } from 'node:fs';
import { createConvert } from 'convert-middleware';
import { built } from '../test/support/built.js';
import { pageViews } from './support/browsers.js';
import { incoming, outgoing } from './support/http.js';
import { project } from './support/project.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { printTable } from './support/table.js';

const strings = JSON.parse(
  readFileSync(new URL('../test/consent/platforms/strings.json', import.meta.url), 'utf8'),
);

export const name = 'request';
export const description = 'property sets, cold and warm; p99 of consent cookies and of hostile requests';

/**
 * Requests of a block, which are made before it: few enough that what cold ones leave behind fills no cache for warm
 * ones.
 */
const OPERATIONS = 300;
const WARM_UP = 10;
/** Seconds of rounds. */
const BUDGET = { quick: 5, full: 25 };
const MIN_ROUNDS = 5;

const GEO_HEADERS = {
  'cf-ipcity': 'M\u00c3\u00bcnchen',
  'cf-region-code': 'BY',
  'cf-ipcontinent': 'EU',
  'cf-timezone': 'Europe/Berlin',
  'x-vercel-ip-country': 'DE',
  'x-vercel-ip-city': 'M%C3%BCnchen',
  'x-vercel-ip-timezone': 'Europe/Berlin',
  'cloudfront-viewer-country': 'DE',
  'cloudfront-viewer-city': 'Munich',
  'x-appengine-country': 'DE',
  'x-akamai-edgescape': 'georegion=263,country_code=DE,region_code=BY,city=MUNICH,timezone=GMT+1',
  'x-nf-geo': btoa(
    JSON.stringify({
      city: 'Munich',
      country: { code: 'DE' },
      subdivision: { code: 'BY' },
      timezone: 'Europe/Berlin',
    }),
  ),
};

const VISITOR = { isNewVisitor: true, session: undefined };
const SESSION = {
  isFirst: true,
  attribution: {
    source: 'search',
    campaign: '',
    medium: 'organic',
    keyword: '',
    sourceName: 'www.google.com',
  },
};

/**
 * ROWS: what is read, and by a reader with which options. Add one for each set of properties, and for each kind of
 * `geo`.
 */
const ROWS = [
  { title: 'nothing', read: () => undefined },
  { title: 'location', read: (facts) => facts.locationObject() },
  { title: 'visitor, readable', read: (facts) => facts.visitorObject() },
  { title: 'the same again (A/A)', read: (facts) => facts.visitorObject() },
  {
    title: 'visitor, vocabulary convert',
    options: { properties: { vocabulary: 'convert' } },
    read: (facts) => facts.visitorObject(),
  },
  {
    title: 'visitor, with geo cloudflare',
    options: { geo: 'cloudflare' },
    read: (facts) => facts.visitorObject(),
  },
  { title: 'user agent alone', read: (facts) => facts.visitor.get('device') },
  { title: 'language alone', read: (facts) => facts.visitor.get('language') },
  { title: 'how the visitor got here', read: (facts) => facts.visitor.get('source') },
  {
    title: 'the same, in a session',
    read: (facts) => facts.visitor.get('source'),
    visitor: { ...VISITOR, session: SESSION },
  },
  { title: 'one UTM parameter', read: (facts) => facts.visitor.get('utm_campaign') },
  { title: 'report segments', options: { geo: 'cloudflare' }, read: (facts) => facts.segments() },
  ...['cloudflare', 'vercel', 'cloudfront', 'netlify', 'appengine', 'akamai'].map((geo) => ({
    title: `geo location, ${geo}`,
    options: { geo },
    read: (facts) => facts.geoLocation,
  })),
  {
    title: 'geo location, three in a list',
    options: { geo: ['appengine', 'akamai', 'cloudflare'] },
    read: (facts) => facts.geoLocation.country,
  },
  {
    title: 'geo location, headers',
    options: { geo: { country: 'cf-ipcountry' } },
    read: (facts) => facts.geoLocation,
  },
  {
    title: "the app's functions, all defaults spread",
    options: { properties: { visitor: (_raw, defaults) => ({ ...defaults }) } },
    read: (facts) => facts.visitorObject(),
  },
];

/** Node's default is 16 KB for all of a head. */
const LIMIT = 16_000;
const filled = (unit, room = LIMIT - 500) => unit.repeat(Math.ceil(room / unit.length)).slice(0, room);

/**
 * HOSTILE: a head, or a target, as full as Node takes it; each request is like none before it. Add one for each header
 * that somebody reads.
 */
const HOSTILE = [
  ['cookies: thousands', (n) => ({ cookie: `c${n}=1; ${filled('a=1; ')}` })],
  ['cookies: our name without end', (n) => ({ cookie: `${filled('cv_vid')}${n}` })],
  ['cookies: our name, spaces', (n) => ({ cookie: `${n};${filled('cv_vid ')}` })],
  ['cookies: escapes', (n) => ({ cookie: `cv_vid=${filled('%C3%28')}${n}; plan=${n}` })],
  [
    'user agent: of many browsers',
    (n) => ({ 'user-agent': filled(`Chrome/${n} Firefox/1 Safari/2 OPR/3 `) }),
  ],
  ['user agent: digits and spaces', (n) => ({ 'user-agent': `Mozilla/5.0 ${n} ${filled('1 ')}` })],
  ['user agent: naver(', (n) => ({ 'user-agent': `${n}${filled('naver(')}` })],
  ['user agent: one letter', (n) => ({ 'user-agent': `${n}${filled('a')}` })],
  ['Accept-Language: ranges', (n) => ({ 'accept-language': `x${n},${filled('en-US;q=0.1,')}` })],
  ['Accept-Language: one tag', (n) => ({ 'accept-language': `en-${n}${filled('-aaaaaaaa')}` })],
  ['Accept-Language: semicolons', (n) => ({ 'accept-language': `${n}${filled(';')}` })],
  ['Referer: user name', (n) => ({ referer: `https://${n}${filled('a@')}google.com/` })],
  ['Referer: labels', (n) => ({ referer: `https://${n}.${filled('a.')}com/` })],
  ['query: ampersands', () => ({}), (n) => `/?${n}${filled('&')}`],
  ['query: escaped names', () => ({}), (n) => `/?x=${n}&${filled('%75tm_sourc%65x=1&')}`],
  [
    'query: names and values that are no escapes',
    (n) => ({ referer: `https://www.google.com/?x=${n}&${filled('x%=&', LIMIT / 2)}` }),
    (n) => `/?x=${n}&convert_preview=1.2&${filled('x%=&', LIMIT / 2 - 1000)}`,
  ],
  ['query: one escaped value', () => ({}), (n) => `/?utm_campaign=${n}${filled('%C3%28')}`],
  ['client hints: brands', (n) => ({ 'sec-ch-ua': `"A${n}";v="1", ${filled('"Chromium";v="142", ')}` })],
  ['client hints: an open text', (n) => ({ 'sec-ch-ua-full-version-list': `"${n}${filled('\\\\')}` })],
  [
    'client hints: a model',
    (n) => ({ 'sec-ch-ua-model': `"${n}${filled('SM-')}"`, 'sec-ch-ua-mobile': '?1' }),
  ],
  ['cookies: a session', (n) => ({ cookie: `cv_ses=${n}.ns.${filled('w7_')}` })],
  ['query: values of one name', () => ({}), (n) => `/?x=${n}&${filled('gclid=%C3&')}`],
  ['path: letters', () => ({}), (n) => `/${n}${filled('a')}!`],
  ['X-Forwarded-For: addresses', (n) => ({ 'x-forwarded-for': `${n}, ${filled('1.2.3.4, ')}` })],
  ['geo: city of escapes', (n) => ({ 'cf-ipcountry': 'DE', 'cf-ipcity': `${n}${filled('%C3%28')}` })],
  ['geo: a city of single escapes', (n) => ({ 'cf-ipcountry': 'DE', 'cf-ipcity': `${n}${filled('%C3 ')}` })],
  ['cookies: thousands of escapes', (n) => ({ cookie: `${filled('a0=%;')}plan=${n}` })],
];

/** Microseconds. */
const AIM = 1000;
const HOSTILE_REQUESTS = { quick: 500, full: 3000 };

export async function run({ quick = false } = {}) {
  const { createRequestReader } = await built('src/request/request-reader.ts');
  benchSets(createRequestReader, (quick ? BUDGET.quick : BUDGET.full) * 1000);
  await benchConsent(quick ? 20 : 200);
  await benchHostile(quick ? HOSTILE_REQUESTS.quick : HOSTILE_REQUESTS.full);
}

/** What nobody looks at, the compiler leaves out. */
const seen = { value: undefined };

function benchSets(createRequestReader, budget) {
  const steps = ROWS.flatMap(({ title, options = {}, visitor = VISITOR, read }) => {
    const reader = createRequestReader({
      ...options,
      onError(error) {
        throw error;
      },
    });
    return [warmRequest, coldRequest].map((request) => {
      let serial = 0;
      const requests = () => Array.from({ length: OPERATIONS }, () => request((serial += 1)));
      const operation = (given) => read(reader.read(given, visitor));
      return { title, isCold: request === coldRequest, requests, operation, cpu: [] };
    });
  });
  for (const step of steps) for (let block = 0; block < WARM_UP; block += 1) measure(step);

  const random = randomFrom(7);
  const started = performance.now();
  let rounds = 0;
  while (rounds < MIN_ROUNDS || performance.now() - started < budget) {
    for (const step of shuffled(steps, random)) step.cpu.push(measure(step));
    rounds += 1;
  }
  const cpuOf = (title, isCold) => steps.find((step) => step.title === title && step.isCold === isCold).cpu;
  const [, , one, again] = ROWS;
  const spread = spreadOf(compare(cpuOf(one.title, false), cpuOf(again.title, false)));
  console.log(`\n${rounds} rounds; A/A spread ${(spread * 100).toFixed(1)}%\n`);
  printTable(
    ['what is read', 'warm us', 'cold us', 'cold / warm', 'warm / nothing'],
    ROWS.map(({ title }) => {
      const [warm, cold] = [undisturbed(cpuOf(title, false)), undisturbed(cpuOf(title, true))];
      const nothing = undisturbed(cpuOf('nothing', false));
      return [title, warm.toFixed(2), cold.toFixed(2), (cold / warm).toFixed(1), (warm / nothing).toFixed(1)];
    }),
  );
}

function warmRequest(serial) {
  const { path, headers } = pageViews[serial % pageViews.length];
  return incoming(path, { ...GEO_HEADERS, ...headers });
}

/** With a browser, a referrer, a language and a campaign that nobody else has. */
function coldRequest(serial) {
  const { path, headers } = pageViews[serial % pageViews.length];
  return incoming(`${path}${path.includes('?') ? '&' : '?'}utm_content=c${serial}`, {
    ...GEO_HEADERS,
    ...headers,
    'user-agent': `${headers['user-agent']} Build/${serial}`,
    'accept-language': `${headers['accept-language']},x-${serial};q=0.1`,
    referer: `https://blog.example/post/${serial}`,
  });
}

function measure({ requests, operation }) {
  const all = requests();
  const before = process.cpuUsage();
  for (const request of all) seen.value = operation(request);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / OPERATIONS;
}

/** Microseconds. */
const CONSENT_AIM = 200;
const SPOILT = ['%', '%25', '{', '}', '"', ':', ',', '&', '=', 'A', '\\', '%7B%22'];

/**
 * What the tests know of each platform's cookies, spoilt in ways of their own, and as long as a cookie, or a head, may
 * be.
 */
async function benchConsent(times) {
  const { PLATFORMS } = await built('src/consent/platforms/index.ts');
  const random = randomFrom(7);
  const one = (list) => list[Math.floor(random() * list.length)];
  const spoilt = (cookie) => {
    const at = Math.floor(random() * cookie.length);
    const [head, tail] = [cookie.slice(0, at), cookie.slice(at)];
    const middle = one(SPOILT).repeat(Math.floor(random() ** 4 * one([40, 4_000, 15_000])));
    return `${head}${middle}${one([tail, tail.slice(1), encodeURIComponent(tail), ''])}`;
  };
  const rows = Object.entries(strings).map(([platform, captured]) => {
    const costs = [];
    for (const { cookie, ids = {} } of captured) {
      const read = PLATFORMS[platform].reader(ids);
      for (let time = -times / 5; time < times; time += 1) {
        const request = incoming('/', { cookie: time % 4 === 0 ? cookie : spoilt(cookie) });
        const before = performance.now();
        seen.value = read(request);
        if (time >= 0) costs.push((performance.now() - before) * 1000);
      }
    }
    costs.sort((a, b) => a - b);
    const at = (part) => costs[Math.min(costs.length - 1, Math.floor(costs.length * part))];
    const p99 = at(0.99);
    return [
      platform,
      String(costs.length),
      at(0.5).toFixed(1),
      p99.toFixed(1),
      p99 < CONSENT_AIM ? '' : `over ${CONSENT_AIM}`,
    ];
  });
  console.log('\nconsent platforms: us per cookie, one in four as captured, the others spoilt\n');
  printTable(['platform', 'cookies', 'median', 'p99', ''], rows);
}

async function benchHostile(count) {
  const convert = createConvert({
    project,
    geo: 'cloudflare',
    consent: { cookie: 'consent', granted: 'granted' },
    visitor: { id: () => 'visitor' },
    uiRules: true,
    endpoints: { track: 'http://127.0.0.1:9' },
    logger: false,
  });
  await convert.ready();
  const rows = [];
  const [usual] = pageViews;
  const all = [['an ordinary page view', () => ({})], ...HOSTILE];
  const costs = all.map(() => []);
  // In turn, so that what disturbs one disturbs all, and in another order each time: a garbage collection comes at a
  // beat of its own.
  const random = randomFrom(7);
  const numbered = all.map((row, index) => [row, index]);
  for (let serial = -count / 5; serial < count; serial += 1) {
    for (const [[, headersOf, targetOf = () => '/'], index] of shuffled(numbered, random)) {
      const headers = { ...usual.headers, cookie: 'consent=granted', ...headersOf(serial) };
      if (!headers.cookie.includes('consent')) headers.cookie = `consent=granted; ${headers.cookie}`;
      const cost = costOf(convert, incoming(targetOf(serial), headers));
      if (serial >= 0) costs[index].push(cost);
    }
  }
  all.forEach(([title], index) => {
    const sorted = costs[index].sort((a, b) => a - b);
    const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
    rows.push([
      title,
      at(0.5).toFixed(0),
      at(0.99).toFixed(0),
      at(1).toFixed(0),
      at(0.99) < AIM ? '' : `over ${AIM}`,
    ]);
  });
  console.log(`\nCPU us per request of ${LIMIT} bytes that is like none before, ${count} of each\n`);
  printTable(['hostile', 'median', 'p99', 'most', ''], rows);
  await convert.close({ timeout: 1 });
}

/**
 * All that a page can ask: properties, decisions, why, the bridge, the head. CPU time, so that it stays what it is
 * beside others.
 */
function costOf(convert, request) {
  const answer = outgoing();
  const before = process.cpuUsage();
  const context = convert.open(request, answer);
  seen.value = [
    context.locationProperties,
    context.visitorProperties,
    context.runExperiences(),
    context.explain('homepage-hero'),
    context.bridge.script(),
    answer.finish(),
  ];
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
