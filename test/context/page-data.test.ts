/** Which experiences a page is told of as counted: a browser SDK must not count them again. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Bridge, BridgeData } from '../../src/bridge/bridge.js';
import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/types.js';
import { createConvert } from '../../src/index.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { FakeResponse, tick } from '../support/http.js';
import { testProject } from '../support/project.js';
import { recordingOutbox } from '../support/recorders.js';
import { incoming, type RequestParts } from './play.js';

interface Visit {
  readonly request?: RequestParts;
  /** Headers of the response that the app sets before it decides. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly work?: (context: ConvertContext) => void;
  readonly isHeadSent?: boolean;
}

const decide = (context: ConvertContext): void => void context.runExperience('homepage-hero');
const decideUntracked = (context: ConvertContext): void =>
  void context.runExperience('homepage-hero', { enableTracking: false });
const decideUnstored = (context: ConvertContext): void =>
  void context.runExperience('homepage-hero', { enableStorage: false });
const KNOWN: RequestParts = { cookies: ['cv_vid=v1'] };

const instances: Convert[] = [];
afterEach(async () => {
  for (const convert of instances.splice(0)) await convert.close({ timeout: 1 });
});

/** An app, and what the bridge of a visit holds. */
function appWith(options: ConvertOptions = {}): (visit?: Visit) => Promise<Bridge> {
  const convert = createConvert({
    project: testProject(),
    delivery: { outbox: recordingOutbox(() => undefined) },
    logger: false,
    ...options,
  });
  instances.push(convert);
  let before: FakeResponse | undefined;
  return async ({ request, headers = {}, work = decide, isHeadSent = false } = {}) => {
    // What the visit before has decided is committed once its head is written.
    before?.writeHead();
    await tick();
    const response = (before = new FakeResponse());
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    if (isHeadSent) response.writeHead();
    const context = await convert.open(incoming(request), response);
    work(context);
    return context.bridge;
  };
}

const dataIn = (bridge: Bridge): BridgeData => JSON.parse(bridge.json()) as BridgeData;
const GRANTED_BY_COOKIE = { cookie: 'consent', granted: 'yes' } as const;
const USER = { id: () => 'user:1' };

describe('a page is told that an experience is counted', () => {
  it.each<[string, ConvertOptions, Visit]>([
    ['of a new visitor', {}, {}],
    ['of a visitor who is known by the cookie', {}, { request: KNOWN }],
    [
      'if it is tracked after it was not',
      {},
      { work: (context) => [decideUntracked, decide].forEach((each) => each(context)) },
    ],
    ['with consent', { consent: GRANTED_BY_COOKIE }, { request: { cookies: ['consent=yes'] } }],
  ])('%s', async (_name, options, visit) => {
    const bridge = await appWith(options)(visit);
    const { visitorId, variations, exposed } = dataIn(bridge);
    expect(visitorId).toBeDefined();
    expect(exposed).toEqual(Object.keys(variations));
    expect(exposed).toEqual(['homepage-hero']);
    expect(bridge.script()).toContain('"exposed":["homepage-hero"]');
    expect(bridge.dataLayer()).toContain('"convert-trigger-experiment-101"');
    expect(bridge.trackingScript({ decisions: true })).toContain('"assignVariation"');
  });

  it('also by a later page, where it is not the first exposure any more', async () => {
    const visit = appWith();
    const first = await visit({ request: KNOWN });
    const second = await visit({ request: KNOWN });
    expect(dataIn(second)).toEqual(dataIn(first));
    expect(first.ga4({ firstExposureOnly: true })).toBe(first.ga4());
    expect(second.ga4()).toBe(first.ga4());
    expect(second.ga4({ firstExposureOnly: true })).toBe('');
  });
});

describe('a page is not told that an experience is counted', () => {
  it.each<[string, ConvertOptions, Visit]>([
    ['that is not tracked', {}, { request: KNOWN, work: decideUntracked }],
    ['that is not stored', {}, { request: KNOWN, work: decideUnstored }],
    ['of a HEAD request', {}, { request: { ...KNOWN, method: 'HEAD' } }],
    ['of a preview', {}, { request: { ...KNOWN, url: '/?convert_preview=101.1011' } }],
    ['with an app that sends nothing', { delivery: false }, { request: KNOWN }],
    ['of a visitor who gets no cookie', {}, { isHeadSent: true }],
    ['if a shared cache may store the page', {}, { request: KNOWN, headers: { 'Cache-Control': 'public' } }],
    [
      'without consent, decided silently',
      { consent: { ...GRANTED_BY_COOKIE, mode: 'silent' }, visitor: USER },
      {},
    ],
    ['without consent, deferred', { consent: { ...GRANTED_BY_COOKIE, mode: 'hold' }, visitor: USER }, {}],
  ])('%s', async (_name, options, visit) => {
    const bridge = await appWith(options)(visit);
    const { visitorId, variations, exposed } = dataIn(bridge);
    expect(Object.keys(variations)).toEqual(['homepage-hero']);
    expect(exposed).toEqual([]);
    expect([bridge.dataLayer(), bridge.ga4()]).toEqual(['', '']);
    expect(bridge.trackingScript() === '').toBe(visitorId === undefined);
    expect(bridge.trackingScript({ decisions: true })).not.toContain('assignVariation');
  });

  it('that was decided without tracking by an earlier page', async () => {
    const visit = appWith();
    await visit({ request: KNOWN, work: decideUntracked });
    expect(dataIn(await visit({ request: KNOWN, work: decideUntracked })).exposed).toEqual([]);
    expect(dataIn(await visit({ request: KNOWN })).exposed).toEqual(['homepage-hero']);
  });
});
