/** What an app without a framework of ours writes: jobs, webhooks, its own store, engine and project source. */
import {
  type Convert,
  ConvertError,
  type ConvertOptions,
  createConvert,
  type DeliveryLedger,
  type Engine,
  type GeoReader,
  type IncomingRequest,
  memoryStore,
  type OutgoingResponse,
  type ProjectSource,
  type Variation,
  type VisitorContext,
  type VisitorStore,
} from 'convert-middleware';
import { geoipLite } from 'convert-middleware/geoip-lite';
import { maxmind, type MaxmindOptions } from 'convert-middleware/maxmind';
import { type RedisClient, redisOutbox, type RedisOutboxOptions } from 'convert-middleware/redis';
import { sdkEngine } from 'convert-middleware/sdk-engine';

const countries: GeoReader = geoipLite({ only: 'country' });
const often: MaxmindOptions = { interval: 1000 };
const engine: Engine = sdkEngine(class {}, { strictSdk: true });
const store: VisitorStore = memoryStore({ max: 10 });

const redis: RedisClient = { evalsha: async () => [], eval: async () => [] };
const shared: RedisOutboxOptions = { drain: false, prefix: 'shop', maxBytes: 2 ** 26 };

export const options: ConvertOptions = {
  sdkKey: '1001/2002',
  environment: 'live',
  engine,
  geo: [
    'cloudflare',
    { country: 'x-country' },
    (request) => ({ city: String(request) }),
    maxmind('./geo.mmdb', often),
    countries,
  ],
  store,
  consent: { cookie: 'consent', granted: ['yes'], mode: 'block' },
  visitor: { id: (request) => String(request), cookie: { sameSite: 'none', partitioned: true } },
  properties: { visitor: (request, defaults) => ({ ...defaults, plan: 'pro' }) },
  delivery: { linger: 10, outbox: redisOutbox(redis, shared) },
  logger: false,
};
// Where an adapter is the app's own, it says what a request is.
export const typed: ConvertOptions<{ user?: string; path: string }> = {
  visitor: { id: (request) => request.user },
  skip: (request) => request.path === '/health',
};
// @ts-expect-error milliseconds are a number
export const late: ConvertOptions = { readyTimeout: '250' };
export const platforms: ConvertOptions[] = [
  { consent: 'onetrust', privacySignals: 'always' },
  { consent: { platform: 'klaro', service: 'matomo', mode: 'block' } },
  { consent: ['tcf', { cookie: 'consent', granted: 'yes' }, (request) => request !== undefined] },
  { consent: { from: ['cookiebot', { platform: 'iubenda', id: '12345678' }], mode: 'block' } },
];
// @ts-expect-error Klaro's cookie has the site's own names
export const nameless: ConvertOptions = { consent: 'klaro' };
// @ts-expect-error there is no such platform
export const misspelt: ConvertOptions = { consent: 'onetrst' };
// @ts-expect-error an id of another platform
export const foreign: ConvertOptions = { consent: { platform: 'onetrust', purpose: '8' } };
// @ts-expect-error no such platform
export const nowhere: ConvertOptions = { geo: ['cloudfare'] };
// @ts-expect-error `cookie` alone does not say what counts as a grant
export const ungranted: ConvertOptions = { consent: { cookie: 'consent' } };

export async function job(convert: Convert, source: ProjectSource): Promise<DeliveryLedger> {
  createConvert({ project: source });
  createConvert({ project: './project.json' });
  createConvert(typed);
  const visitor: VisitorContext = await convert.forVisitor('ada', { consent: 'granted' });
  const variation: Variation | null = visitor.runExperience('homepage-hero');
  visitor.trackConversion('purchase');
  // @ts-expect-error a job has no request, so no page to hand decisions to
  void visitor.bridge;
  const off: () => void = convert.on(
    'dropped',
    ({ count, reason }) => `${count} ${reason} ${variation?.key}`,
  );
  off();
  // @ts-expect-error no such event
  convert.on('drop', () => undefined);
  return convert.close({ timeout: 1000 });
}

export async function adapter(
  convert: Convert,
  request: IncomingRequest,
  response: OutgoingResponse,
): Promise<string> {
  const context = await convert.open(request, response);
  return context.bridge.script();
}

export function isOurs(error: unknown): boolean {
  return error instanceof ConvertError && error.code === 'CONVERT_NO_PROJECT';
}
