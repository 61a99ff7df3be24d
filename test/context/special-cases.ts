/** The other cases of the participation tables: stores, calls that a handler makes, unusual requests and responses. */
import type { ConvertContext, ConvertOptions, Variation, VisitorStore } from '../../src/index.js';
import { FakeResponse, tick } from '../support/http.js';
import { sortedJson, type Log, type RecordingStore } from '../support/recorders.js';
import {
  decide,
  incoming,
  LANDING,
  PREVIEW,
  type Exchange,
  type Play,
  type Raw,
  type Script,
  type Stage,
} from './play.js';

const fails = (): never => {
  throw new Error('away');
};
const later =
  <Given extends unknown[], Result>(answer: (...given: Given) => Result) =>
  async (...given: Given): Promise<Awaited<Result>> =>
    await answer(...given);
const never = (): Promise<never> => new Promise(() => undefined);
const asRemote = (store: RecordingStore): VisitorStore => ({
  ...store,
  remote: true,
  read: later(store.read),
  commit: later(store.commit),
});
/** Makes a data store of the official SDK's kind. */
const sdkStore = (_: RecordingStore, log: Log) => {
  const values = new Map<string, unknown>();
  return {
    get(key: string) {
      log('store', `get ${key}`);
      return values.get(key);
    },
    set(key: string, value: unknown) {
      log('store', `set ${key}: ${sortedJson(value)}`);
      values.set(key, value);
    },
  };
};

/** The stores and outboxes of an app, those that fail among them. */
export const STORES: Readonly<Record<string, Pick<Play, 'store' | 'outbox'> & { storeTimeout?: number }>> = {
  'in-process': {},
  'read-throws': { store: (store) => ({ ...store, read: fails }) },
  'read-promises': { store: (store) => ({ ...store, read: later(store.read) }) },
  'commit-throws': { store: (store) => ({ ...store, commit: fails }) },
  'commit-loses': {
    store: (store) => ({
      ...store,
      commit: (...given) => ({
        ...(store.commit(...given) as object),
        state: {},
        lost: new Set(['experience:101']),
      }),
    }),
  },
  remote: { store: asRemote },
  'remote-fails': { store: (store) => ({ ...asRemote(store), read: later(fails) }) },
  'remote-too-late': { store: (store) => ({ ...asRemote(store), read: never }), storeTimeout: 1 },
  'remote-commit-fails': { store: (store) => ({ ...asRemote(store), commit: later(fails) }) },
  'remote-commit-nonsense': {
    store: (store) => ({ ...asRemote(store), commit: later(() => 1) as never }),
  },
  'of-the-sdk': { store: sdkStore },
  'full-outbox': { outbox: { refuses: true } },
  'all-outlive': { store: (store) => ({ ...store, outlives: true }), outbox: { outlives: true } },
  'all-outlive-remote': {
    store: (store) => ({ ...asRemote(store), outlives: true }),
    outbox: { outlives: true },
  },
};

const use =
  (work: (context: ConvertContext) => unknown): Script =>
  async ({ context, response, log, phase }) => {
    const result = work(context);
    if (result instanceof Promise) await result;
    else if (result !== undefined) log('decisions', `returned ${sortedJson(result)}`);
    phase('head');
    response.writeHead();
    phase('after');
  };

const keyOf = (variation: Variation | null): string =>
  variation === null ? 'null' : `${variation.experienceKey}=${variation.key}`;

/** A handler makes one of these calls, and no other. */
export const FIRST_USES: Readonly<Record<string, Script>> = {
  nothing: use(() => undefined),
  visitorId: use((context) => context.visitorId),
  isNewVisitor: use((context) => context.isNewVisitor),
  consent: use((context) => context.consent),
  locationProperties: use((context) => context.locationProperties.path),
  visitorProperties: use((context) => context.visitorProperties.visitorType),
  bridge: use((context) => JSON.parse(context.bridge.json())),
  runExperience: use((context) => keyOf(context.runExperience('homepage-hero'))),
  untracked: use((context) => keyOf(context.runExperience('homepage-hero', { enableTracking: false }))),
  unstored: use((context) => keyOf(context.runExperience('homepage-hero', { enableStorage: false }))),
  unknownExperience: use((context) => context.runExperience('no such experience')),
  runExperiences: use((context) => context.runExperiences().map(keyOf)),
  runFeature: use((context) => context.runFeature('checkout-button')),
  runFeatures: use((context) => context.runFeatures()),
  peek: use((context) => keyOf(context.peek('homepage-hero'))),
  explain: use((context) => context.explain('homepage-hero').reason),
  trackConversion: use((context) => context.trackConversion('purchase')),
  badConversion: use((context) => context.trackConversion('purchase', { conversionData: 1 as never })),
  unknownGoal: use((context) => context.trackConversion('no such goal')),
  setDefaultSegments: use((context) => context.setDefaultSegments({ country: 'DE' })),
  runCustomSegments: use((context) =>
    context.runCustomSegments(['big-spenders'], { ruleData: { spent: 'lots' } }),
  ),
  updateVisitorProperties: use((context) => context.updateVisitorProperties({ plan: 'pro' })),
  identify: use((context) => context.identify('user-7')),
  flush: use((context) => context.flush()),
};

const withCookie = (cookie: string) => (exchange: Exchange) => ({
  ...exchange,
  request: { ...exchange.request, cookies: [...(exchange.request?.cookies ?? []), cookie] },
});
const withHeaders = (headers: Record<string, string>) => (exchange: Exchange) => ({
  ...exchange,
  request: { ...exchange.request, headers: { ...exchange.request?.headers, ...headers } },
});
const withOptions = (options: ConvertOptions<Raw>) => (exchange: Exchange) => ({
  ...exchange,
  options: (log: Log) => ({ ...exchange.options?.(log), ...options }),
});
const withResponse = (headers: Record<string, string>) => (exchange: Exchange) => ({
  ...exchange,
  response: () => {
    const response = new FakeResponse();
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  },
});
const withScript = (script: Script) => (exchange: Exchange) => ({ ...exchange, script });
const withPreview = (preview: ConvertOptions<Raw>['preview'], url: string) => (exchange: Exchange) => ({
  ...withOptions({ preview })(exchange),
  request: { ...exchange.request, url },
});
const BOT = { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' };
const HINTED = { 'sec-ch-ua-model': '"Pixel 9"', 'sec-ch-ua-full-version-list': '"Chromium";v="142.0.0.0"' };

class EarlyResponse extends FakeResponse {
  readonly setEarly = (name: string, value: string): void => void this.headers.set(name, `${value} (early)`);
}

function writeHead({ response, phase }: Stage): void {
  phase('head');
  response.writeHead();
}

/** The first use of a context settles who takes part. */
const meet = ({ context }: Stage): string => context.visitorId;

/** Another request of the same visitor brings a denial, and is over before this one goes on. */
async function denyElsewhere({ convert, request, log, phase }: Stage): Promise<void> {
  await tick();
  phase('other request');
  const denying = { ...request, raw: { ...request.raw, answer: 'denied' } };
  const other = await convert.open(incoming(denying), new FakeResponse());
  log('visitor', `consent ${other.consent}`);
  await tick();
}

async function forget({ convert, context, phase }: Stage): Promise<void> {
  await tick();
  phase('forget');
  await convert.forget(context.visitorId || 'nobody');
}

/** Each makes a request, its response, the options or the order of events unusual. */
export const SPECIAL: Readonly<Record<string, (exchange: Exchange) => Exchange>> = {
  bot: withHeaders(BOT),
  'bot-included': (exchange) => withOptions({ bots: 'include' })(withHeaders(BOT)(exchange)),
  'bot-by-function': withOptions({ bots: () => true }),
  'bots-throws': withOptions({ bots: fails }),
  'opt-out-cookie': withCookie('_conv_prevent_tracking=1'),
  'opt-out-cookie-of-no': withCookie('_conv_prevent_tracking=0'),
  skipped: withOptions({ skip: () => true }),
  'skip-throws': withOptions({ skip: fails }),
  'id-throws': withOptions({ visitor: { id: fails } }),
  'id-is-an-object': withOptions({ visitor: { id: () => ({}) as never } }),
  'id-is-a-number': withOptions({ visitor: { id: () => 7 } }),
  'consent-throws': withOptions({ consent: fails }),
  'consent-promises': withOptions({ consent: (async () => true) as never }),
  'preview-off': withPreview(false, PREVIEW),
  'preview-refused': withPreview(() => false, PREVIEW),
  'preview-throws': withPreview(fails, PREVIEW),
  'preview-of-nothing': withPreview(true, `${LANDING}&convert_preview=101.9999`),
  'shared-page': withResponse({ 'Cache-Control': 'public, max-age=60' }),
  'private-page': withResponse({ 'Cache-Control': 'no-store' }),
  'early-header': (exchange) => ({ ...exchange, response: () => new EarlyResponse() }),
  'hints-on-html': (exchange) =>
    withResponse({ 'Content-Type': 'text/html' })(withOptions({ acceptClientHints: 'critical' })(exchange)),
  'hints-on-json': (exchange) =>
    withResponse({ 'Content-Type': 'application/json' })(withOptions({ acceptClientHints: true })(exchange)),
  'hints-sent': (exchange) =>
    withHeaders(HINTED)(withResponse({ 'Content-Type': 'text/html' })(SPECIAL['hints-on-html']!(exchange))),
  'head-after-the-id': withScript((stage) => {
    meet(stage);
    writeHead(stage);
    stage.phase('after the head');
    decide(stage);
  }),
  'head-much-later': withScript(async (stage) => {
    decide(stage);
    await tick();
    writeHead(stage);
  }),
  'head-twice': withScript((stage) => {
    decide(stage);
    writeHead(stage);
    stage.phase('second head');
    stage.response.writeHead();
  }),
  'closed-without-head': withScript(async (stage) => {
    decide(stage);
    await tick();
    stage.phase('closed');
    stage.response.close();
  }),
  'closed-before': withScript((stage) => {
    stage.response.close();
    decide(stage);
  }),
  'without-an-end': withScript(decide),
  'flushed-before-head': withScript(async (stage) => {
    decide(stage);
    await tick();
    stage.phase('flush');
    await stage.context.flush();
    writeHead(stage);
  }),
  'denied-before-the-commit': withScript(async (stage) => {
    decide(stage);
    await denyElsewhere(stage);
    writeHead(stage);
  }),
  'denied-before-the-decision': withScript(async (stage) => {
    meet(stage);
    await denyElsewhere(stage);
    stage.phase('handler');
    decide(stage);
    writeHead(stage);
  }),
  'forgotten-before-the-commit': withScript(async (stage) => {
    decide(stage);
    await forget(stage);
    writeHead(stage);
  }),
  'forgotten-before-the-decision': withScript(async (stage) => {
    meet(stage);
    await forget(stage);
    stage.phase('handler');
    decide(stage);
    writeHead(stage);
  }),
  'job-meanwhile': withScript(async (stage) => {
    decide(stage);
    await tick();
    stage.phase('other job');
    const job = await stage.convert.forVisitor(stage.context.visitorId || 'nobody');
    stage.log('visitor', `consent ${job.consent}`);
    writeHead(stage);
  }),
};
