/** What nobody gave to this package stays not given, even if other code has added it to `Object.prototype`. */
import { describe, expect, it } from 'vitest';
import { startChild } from '../support/child.js';
import { testProject } from '../support/project.js';

const JOB = `
  import { Writable } from 'node:stream';
  import { createConvert } from 'convert-middleware';
  const project = ${JSON.stringify(testProject())};
  const documents = { known: '{"bucketing":{"101":"1010"},"goals":{"signup":true}}', new: undefined };

  async function play() {
    const offered = [];
    const told = [];
    const stored = new Map([['1001-2002-known-visitor', JSON.parse(documents.known)]]);
    const convert = createConvert({
      project,
      store: { get: (key) => stored.get(key), set: (key, value) => void stored.set(key, value) },
      session: { sameSite: 'lax' },
      visitor: { cookie: { maxAge: 1000 } },
      geo: () => ({ region: 'BY' }),
      delivery: {
        outbox: () => ({
          offer: (events) => (offered.push(...events), { refused: new Set(), confirm() {} }),
          drop: (count, reason) => void told.push(['dropped', count, reason]),
          ledger: () => ({}), stats: () => ({}), flush: async () => ({}), close: async () => ({ reasons: {} }),
        }),
      },
      logger: { warn: (message) => told.push(message), error: (message) => told.push(message) },
    });
    const lines = [];
    const decisions = [];
    for (const id of ['known-visitor', 'other-visitor']) {
      const onHead = [];
      const context = await convert.open(
        {
          method: 'GET', url: '/', protocol: 'https', host: 'shop.example', ip: '93.184.216.34', raw: {},
          headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0', cookie: 'cv_vid=' + id },
        },
        {
          headersSent: false, closed: false, getHeader: () => undefined, getHeaderNames: () => [],
          onHead: (listener) => void onHead.push(listener), onClose() {},
        },
      );
      const run = (...given) => decisions.push(context.runExperience('homepage-hero', ...given)?.key ?? null);
      run();
      run({});
      run({ visitorProperties: { plan: 'pro' } });
      decisions.push(context.runExperiences().map(({ key }) => key), context.runFeature('checkout-price', {}));
      decisions.push(context.runFeatures({}).map(({ key, status }) => [key, status]));
      context.trackConversion('purchase');
      context.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 7 }], conversionSetting: {} });
      context.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 7 }] });
      context.setDefaultSegments({});
      context.runCustomSegments('big-spenders', {});
      decisions.push(context.explain('german-pricing').reason, context.visitorProperties, context.getVisitorData());
      for (const listener of onHead) {
        listener({
          getHeader: () => undefined, getHeaderNames: () => [], setHeader() {}, removeCookie() {},
          appendCookie: (line) => void lines.push(line.replace(/(?<=cv_ses=)[^;]*/, 'session')),
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const job = await convert.forVisitor('known-visitor', {});
    decisions.push(job.runExperience('homepage-hero')?.key ?? null, job.consent);
    await convert.flush({});
    await convert.close({});
    return JSON.stringify({ decisions, lines, offered, told, stored: [...stored] });
  }

  const before = await play();
  const differ = [];
  for (const [name, value] of Object.entries(POLLUTIONS)) {
    Object.prototype[name] = value;
    let after;
    try { after = await play(); } catch (error) { after = String(error?.stack); }
    delete Object.prototype[name];
    if (after !== before) differ.push(name + ': ' + difference(before, after));
  }
  function difference(one, other) {
    let at = 0;
    while (one[at] === other[at]) at += 1;
    return one.slice(Math.max(0, at - 60), at + 80) + ' <> ' + other.slice(Math.max(0, at - 60), at + 80);
  }
  console.log(JSON.stringify({ decided: JSON.parse(before).decisions[0], differ }));
`;

/** Names that are read where nothing may be given: attributes, options, answers of the app, stored documents. */
const POLLUTIONS = {
  forceVariationId: '1011',
  enableTracking: false,
  enableStorage: false,
  ignoreLocationProperties: true,
  updateVisitorProperties: true,
  environment: 'live',
  locationProperties: { path: '/pricing' },
  visitorProperties: { country: 'DE', device: 'mobile' },
  typeCasting: false,
  experienceKeys: ['none'],
  ruleData: { spent: 'lots' },
  conversionData: [{ key: 'amount', value: 1 }],
  conversionSetting: { forceMultipleTransactions: true },
  forceMultipleTransactions: true,
  customSegments: ['801'],
  country: 'DE',
  city: 'Berlin',
  bucketing: { 101: '1011' },
  101: '1011',
  purchase: true,
  goals: { purchase: true },
  segments: { country: 'DE' },
  locations: ['601'],
  unexposed: ['101'],
  transactions: { purchase: ['t1'] },
  consent: 'denied',
  held: [{}],
  pending: { 'experience:101': 1 },
  release: true,
  users: ['u'],
  replaces: '1010',
  exposed: ['101'],
  settled: ['experience:101'],
  hold: { at: 1, change: {}, events: [] },
  format: 99,
  maxBytes: 1,
  properties: { plan: 'free' },
  origin: 'app',
  domain: 'shop.example',
  maxAge: 7,
  secure: false,
  partitioned: true,
  accept: /^x$/,
  fingerprint: { secret: 'a secret of others' },
  skip: () => true,
  assignmentCookie: true,
  storeTimeout: 1,
  linger: 1,
};

describe('F6: a property that other code has added to Object.prototype', () => {
  it('is no attribute, no option, no answer and no stored field', async () => {
    const names = Object.entries(POLLUTIONS).map(([name, value]) => {
      const text =
        typeof value === 'function' || value instanceof RegExp ? String(value) : JSON.stringify(value);
      return `${JSON.stringify(name)}: ${text}`;
    });
    const { code, output } = await startChild(`const POLLUTIONS = {${names.join(', ')}};${JOB}`).ended;
    expect(code, output).toBe(0);
    expect(JSON.parse(output.trim().split('\n').at(-1)!)).toEqual({ decided: 'original', differ: [] });
  });
});
