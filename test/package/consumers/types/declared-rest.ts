/** What an app exports without writing types: each is named in its declarations, though not the main entry is imported. */
import { getConvert } from 'convert-middleware/async-context';
import { assignmentRoutes } from 'convert-middleware/assignment';
import { compile, compiledEngine } from 'convert-middleware/engine';
import { openMounted, route, withConvert } from 'convert-middleware/fetch';
import { geoipLite } from 'convert-middleware/geoip-lite';
import { lmdbStore } from 'convert-middleware/lmdb';
import { maxmind } from 'convert-middleware/maxmind';
import { oursPrivacy } from 'convert-middleware/ours-privacy';
import { redisOutbox, redisProjectCache, redisStore } from 'convert-middleware/redis';
import { testConvert } from 'convert-middleware/testing';
import { conversionWebhook, hmac, shopify, stripe } from 'convert-middleware/webhook';

export const engine = compiledEngine();
export const project = compile({});
export const { experience, features } = project;
export const geo = [geoipLite, maxmind];
export const makers = { lmdbStore, redisOutbox, redisProjectCache, redisStore, testConvert };
export const ours = oursPrivacy({ token: 'exp_test' });
export const current = getConvert();
export const { forVisitor } = testConvert();
export const handle = withConvert((_, { visitorId }) => new Response(visitorId), { sdkKey: '1/2' });
export const handleOurs = withConvert((_, { visitorId }) => new Response(visitorId), ours);
export const { context, finish } = openMounted(ours, new Request('https://shop.example/'));

export const platforms = [shopify({ secret: 's' }), stripe({ secret: ['s'], tolerance: 60 })];
export const webhook = conversionWebhook<{ data: { id: string; total: number } }>(testConvert(), {
  platform: hmac({ secret: 's', header: 'x-signature' }),
  goal: (_event, order) => (order.amount === 0 ? null : 'purchase'),
  order: ({ data }) => ({ id: data.id, amount: data.total }),
});
export const { outcomes } = webhook.stats();
export const assignments = assignmentRoutes(testConvert(), { tokens: 'a token of 16 characters' });
export const assigned = route(assignments, { maxBytes: 1024 });
export const onHost = route(
  conversionWebhook(handle.convert, { platform: shopify({ secret: 's' }), goal: 'g' }),
);
export const { statuses } = assignments.stats();
