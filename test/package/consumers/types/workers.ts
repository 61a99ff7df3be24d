/** What an app writes on Cloudflare Workers, whose types are not those of Node, nor those of browsers. */
import { assignmentRoutes } from 'convert-middleware/assignment';
import { createConvert, type FetchCall, openMounted, route, withConvert } from 'convert-middleware/fetch';
import { oursPrivacy } from 'convert-middleware/ours-privacy';
import { conversionWebhook, stripe } from 'convert-middleware/webhook';

interface Env {
  readonly CONFIG: KVNamespace;
  readonly STATE: KVNamespace;
  readonly CONVERT_SDK_KEY: string;
}
declare const env: Env;

const convert = createConvert<Env>({
  sdkKey: env.CONVERT_SDK_KEY,
  projectCache: env.CONFIG,
  geo: 'cloudflare',
  properties: {
    visitor: ({ request }, defaults) => ({ ...defaults, colo: (request as Request).cf?.colo }),
  },
  skip: ({ request }) => request.url.endsWith('.css'),
});

const handle = withConvert<Env>((request, { runExperience }, { platform }) => {
  void platform?.CONFIG.get(request.url);
  return new Response(runExperience('homepage-hero')?.key ?? 'original', {
    headers: { 'content-type': 'text/html' },
  });
}, convert);

const rewrite = withConvert(async (request, { runExperience }) => {
  const response = await fetch(request);
  const hero = runExperience('homepage-hero');
  return new HTMLRewriter()
    .on('h1', { element: (element) => void element.setInnerContent(hero?.key ?? 'original') })
    .transform(response);
}, convert);

const ours = oursPrivacy({ token: 'exp_1', fetch: (url, init) => fetch(url, init) });
const handleOurs = withConvert(async (_, { assign }) => Response.json(await assign('checkout')), ours);
const orders = route(conversionWebhook(convert, { platform: stripe({ secret: 's' }), goal: 'purchase' }));
const assigned = route<Env>(assignmentRoutes(convert, { tokens: 'a token of 16 characters' }));

export default {
  async fetch(request, bindings, ctx) {
    const call: FetchCall<Env> = {
      ip: request.headers.get('cf-connecting-ip'),
      waitUntil: (promise) => ctx.waitUntil(promise),
      platform: bindings,
    };
    const { pathname } = new URL(request.url);
    if (pathname === '/orders') return orders(request, call);
    if (pathname.startsWith('/api/')) return assigned(request, call);
    if (pathname === '/ours') return handleOurs(request, call);
    if (pathname === '/rewritten') return rewrite(request, call);
    const { context, run, finish } = await convert.open(request, call);
    if (pathname === '/opened') return finish(await run(() => new Response(context.visitorId)));
    const { finish: finishOurs } = openMounted(ours, request, call);
    if (pathname === '/mounted') return finishOurs(new Response('page'));
    return handle(request, call);
  },
  async scheduled(_controller, _bindings, ctx) {
    const visitor = await convert.forVisitor('known');
    visitor.trackConversion('purchase');
    ctx.waitUntil(convert.flush());
  },
} satisfies ExportedHandler<Env>;
