/** What an app writes on a host that hands out a `Request`: pages, jobs, webhooks, and the client of an endpoint. */
import { assignmentRoutes } from 'convert-middleware/assignment';
import { getConvert } from 'convert-middleware/async-context';
import {
  createConvert,
  type FetchCall,
  type FetchConvert,
  type FetchOptions,
  type FetchRequest,
  type KeyValueStore,
  openMounted,
  route,
  withConvert,
} from 'convert-middleware/fetch';
import { oursPrivacy } from 'convert-middleware/ours-privacy';
import { conversionWebhook, stripe } from 'convert-middleware/webhook';

interface Bindings {
  readonly user: string;
}

declare const CONFIG: KeyValueStore;

const options: FetchOptions<Bindings> = {
  sdkKey: '10035569/10034190',
  projectCache: CONFIG,
  visitor: { id: ({ platform }: FetchRequest<Bindings>) => platform?.user },
  skip: ({ request }) => request.url.endsWith('.css'),
};
const convert: FetchConvert<Bindings> = createConvert(options);

const handle = withConvert<Bindings>(async (request, { runExperience, carry }, { platform }) => {
  const hero = runExperience('homepage-hero')?.key ?? 'original';
  const same = getConvert()?.visitorId;
  return new Response(`${await request.text()} ${hero} ${carry()} ${platform?.user} ${same}`);
}, convert);

const ours = oursPrivacy<FetchRequest<Bindings>>({ token: 'exp_1', consent: ({ ip }) => ip !== '' });
const handleOurs = withConvert(async (_, { assign }) => Response.json(await assign('checkout')), ours);

const orders = route(conversionWebhook(convert, { platform: stripe({ secret: 's' }), goal: 'purchase' }));
const assigned = route<Bindings>(assignmentRoutes(convert, { tokens: 'a token of 16 characters' }), {
  maxBytes: 16_384,
});

/** As a Worker exports it. */
export default {
  async fetch(request: Request, bindings: Bindings, context: { waitUntil(promise: Promise<unknown>): void }) {
    const call: FetchCall<Bindings> = {
      ip: request.headers.get('cf-connecting-ip'),
      waitUntil: (promise) => context.waitUntil(promise),
      platform: bindings,
    };
    const { pathname } = new URL(request.url);
    if (pathname === '/orders') return orders(request, call);
    if (pathname.startsWith('/api/')) return assigned(request, call);
    if (pathname === '/ours') return handleOurs(request, call);
    const { context: asked, finish } = openMounted(ours, request, call);
    if ((await asked.assign('checkout')).inExperiment) return finish(new Response('new'));
    return handle(request, call);
  },
  async scheduled(): Promise<number> {
    const visitor = await convert.forVisitor('known');
    visitor.trackConversion('purchase');
    return (await convert.flush()).delivered;
  },
};

// @ts-expect-error There are no signals.
createConvert({ sdkKey: '1/2', shutdown: 'signals' });
// @ts-expect-error There is no server to close with.
convert.closeWith({});
