/** The apps that are fuzzed: each framework with each of the settings, between which nearly every option is used. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import cookieParser from 'cookie-parser';
import express from 'express';
import Fastify, { type FastifyRequest } from 'fastify';
import Koa from 'koa';
import type { ConvertContext } from '../../src/context/types.js';
import {
  type ConsentPlatformName,
  type ConsentPlatformOptions,
  PLATFORM_NAMES,
  type SimplePlatformName,
} from '../../src/consent/platforms/index.js';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import { convertMiddleware as expressMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { convertMiddleware as koaMiddleware } from '../../src/koa.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { queryValue } from '../../src/request/query-parameters.js';
import { parseTarget } from '../../src/request/url.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { listen, stop } from '../adapters/harness.js';
import { violations } from './inspect.js';
import { page } from './page.js';
import { fuzzProject } from './project.js';
import { SECRET } from './tables.js';

export interface FuzzApp {
  readonly url: string;
  readonly convert: Convert;
  close(): Promise<void>;
}

/** What the framework hands out, and Koa's context has it as `req`, too. */
const headerOf = (raw: unknown, name: string): string | undefined => {
  const { headers = {} } = raw as Partial<IncomingMessage>;
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** The platforms that need ids. A type error here: such a platform is new, and needs a line. */
const WITH_IDS: {
  readonly [Name in Exclude<ConsentPlatformName, SimplePlatformName>]: ConsentPlatformOptions & {
    platform: Name;
  };
} = {
  klaro: { platform: 'klaro', service: 'convert' },
};

const isSimple = (name: ConsentPlatformName): name is SimplePlatformName => !(name in WITH_IDS);

/** Every platform of the table, and two of them with ids that they may do without. */
const EVERY_PLATFORM: ConvertOptions['consent'] = [
  { platform: 'didomi', purpose: 'measure' },
  { platform: 'iubenda', id: '12345678' },
  ...Object.values(WITH_IDS),
  ...PLATFORM_NAMES.filter(isSimple),
];

/** A line for each further option. Functions get what each framework calls its request. */
export const SETTINGS: Readonly<Record<string, ConvertOptions>> = {
  'a site with consent by cookie': {
    consent: { cookie: 'consent', granted: 'granted', denied: 'denied' },
    geo: 'cloudflare',
    uiRules: true,
    assignmentCookie: true,
    visitor: { cookie: { domain: 'shop.example' } },
    previewCookie: true,
  },
  'an app that knows its users': {
    visitor: { id: (raw) => headerOf(raw, 'x-user') },
    consent: { cookie: 'consent', granted: 'granted', mode: 'hold' },
    geo: 'netlify',
    properties: {
      vocabulary: 'convert',
      visitor: (raw, defaults) => ({ ...defaults, plan: headerOf(raw, 'x-user')?.slice(0, 100) }),
      location: (_raw, defaults) => ({ section: defaults.path?.split('/')[1]?.slice(0, 100) }),
    },
    uiRules: true,
  },
  'a site with consent platforms': {
    consent: EVERY_PLATFORM,
    privacySignals: 'always',
    acceptClientHints: 'critical',
    geo: ['cloudflare', 'vercel', { country: 'cloudfront-viewer-country' }, 'appengine', 'akamai', 'netlify'],
  },
  'a site without consent': {
    bots: 'include',
    session: false,
    geo: 'akamai',
    acceptClientHints: true,
    preview: (raw) => headerOf(raw, 'x-user') !== 'v1',
    strictSdk: true,
    skip: (raw) => headerOf(raw, 'x-login') === 'skip',
  },
  'a site with a consent platform, of which nobody remembers which': {
    consent: EVERY_PLATFORM,
    privacySignals: 'always',
    geo: 'appengine',
    visitor: { cookie: { signed: true } },
    preview: 'signed',
    previewCookie: true,
  },
  'clients without cookies': {
    visitor: { fingerprint: { secret: 'a secret of the test' } },
    privacySignals: 'never',
    session: false,
    consent: (raw) => headerOf(raw, 'sec-gpc') !== '1',
    geo: { country: 'x-vercel-ip-country', city: 'x-vercel-ip-city', timezone: 'x-vercel-ip-timezone' },
  },
};

export const FRAMEWORKS = { Express: startExpress, Koa: startKoa, Fastify: startFastify } as const;
export type Framework = keyof typeof FRAMEWORKS;

export interface AppParts {
  readonly settings: ConvertOptions;
  readonly track: string;
  /** Told of what a handler sees that it should not. */
  readonly onViolation: (what: string) => void;
  readonly onLog: (line: string) => void;
}

export async function startApp(
  framework: Framework,
  { settings, track, onViolation, onLog }: AppParts,
): Promise<FuzzApp> {
  const convert = createConvert({
    project: fuzzProject(),
    endpoints: { track },
    delivery: { linger: 5 },
    logger: { error: onLog, warn: onLog },
    secrets: SECRET,
    // Full early on, so that what grows is found.
    store: memoryStore({ max: 1_000 }),
    ...settings,
  });
  await convert.ready();
  const handle = async (
    context: ConvertContext,
    request: IncomingMessage,
    locals: ConvertContext | undefined,
  ): Promise<string> => {
    if (locals?.visitorId !== undefined && locals.visitorId !== context.visitorId)
      onViolation('views see another context');
    for (const each of violations(context)) onViolation(each);
    const carried = headerOf(request, 'x-convert-visitor');
    if (carried !== undefined) await count(convert, carried);
    return use(context, request);
  };
  const app = await FRAMEWORKS[framework](convert, handle);
  return {
    ...app,
    convert,
    async close() {
      await app.close();
      await convert.close({ timeout: 2_000 });
    },
  };
}

/** As a webhook does with what an order says. */
async function count(convert: Convert, carried: string): Promise<void> {
  const visitor = await convert.forVisitor(carried, { origin: 'carried' });
  visitor.trackConversion('purchase');
  await visitor.committed();
}

/** All that a handler can call, with what the request says. */
async function use(context: ConvertContext, request: IncomingMessage): Promise<string> {
  const { query } = parseTarget(request.url ?? '/');
  const said = (name: string): string => queryValue(query, name, 100) ?? '';
  const header = (name: string): string => (headerOf(request, name) ?? '').slice(0, 100);
  const login = header('x-login');
  if (login !== '') await context.identify(login);
  const properties = parsed(said('properties'));
  context.updateVisitorProperties({ plan: properties?.plan });
  context.setDefaultSegments({ campaign: said('utm_campaign') || undefined });
  context.runCustomSegments([said('segment')], { ruleData: properties as never });
  context.runExperiences();
  context.runExperience(said('experience'), { visitorProperties: properties as never });
  context.runFeatures();
  context.peek('reads-everything');
  context.explain(said('experience'));
  context.trackConversion('purchase', {
    conversionData: [
      { key: 'amount', value: Number(said('amount')) },
      { key: 'transactionId', value: header('x-order') },
    ],
    conversionSetting: { forceMultipleTransactions: login !== '' },
  } as never);
  return page(context, headerOf(request, 'x-nonce'));
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

type Handle = (context: ConvertContext, request: IncomingMessage, locals?: ConvertContext) => Promise<string>;
type Started = Pick<FuzzApp, 'url' | 'close'>;

async function startExpress(convert: Convert, handle: Handle): Promise<Started> {
  const app = express();
  app.set('trust proxy', 'loopback');
  app.use(cookieParser());
  app.use(expressMiddleware(convert));
  app.use(async (req, res) => void res.type('html').send(await handle(req.convert, req, res.locals.convert)));
  const server = createServer(app);
  return { url: await listen(server), close: () => stop(server) };
}

async function startKoa(convert: Convert, handle: Handle): Promise<Started> {
  const app = new Koa({ proxy: true, maxIpsCount: 1 });
  app.on('error', () => undefined);
  app.use(koaMiddleware(convert));
  app.use(async (ctx) => {
    ctx.type = 'html';
    ctx.body = await handle(ctx.convert, ctx.req, ctx.state.convert as ConvertContext);
  });
  const server = createServer(app.callback() as RequestListener);
  return { url: await listen(server), close: () => stop(server) };
}

async function startFastify(convert: Convert, handle: Handle): Promise<Started> {
  const app = Fastify({ trustProxy: 'loopback', forceCloseConnections: true });
  await app.register(convertPlugin, { convert });
  app.all('/*', async (request: FastifyRequest, reply) =>
    reply.type('text/html').send(await handle(request.convert, request.raw, undefined)),
  );
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
}
