/**
 * From the page to the collector, on each framework and for each platform: a visitor sees a variation and buys, the
 * platform tells of the order twice, and it counts once, for that visitor and variation.
 */
import { createServer } from 'node:http';
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import { afterEach, describe, expect, it } from 'vitest';
import type { Convert } from '../../src/convert/convert.js';
import * as forExpress from '../../src/express.js';
import * as forFastify from '../../src/fastify.js';
import * as forKoa from '../../src/koa.js';
import { redisStore } from '../../src/redis.js';
import { conversionWebhook, type ConversionWebhook } from '../../src/webhook.js';
import { listen, stop } from '../adapters/harness.js';
import { collector, collectorPerTest, create } from '../convert/setup.js';
import { hasRedis, sharedRedis } from '../support/redis.js';
import { orderRequest, type Sender, SENDERS, senderNamed } from './senders.js';

collectorPerTest();

interface Shop {
  readonly url: string;
  close(): Promise<unknown>;
}

/** The page of a shop and its webhooks, one for each platform, in an app that parses JSON everywhere else. */
type StartShop = (convert: Convert, webhooks: ReadonlyMap<string, ConversionWebhook>) => Promise<Shop>;

const FRAMEWORKS: Readonly<Record<string, StartShop>> = {
  async Express(convert, webhooks) {
    const app = express();
    for (const [path, webhook] of webhooks) app.post(path, forExpress.route(webhook));
    app.use(express.json());
    app.use(forExpress.convertMiddleware(convert));
    app.get('/', (req, res) => {
      const variation = req.convert.runExperience('homepage-hero');
      res.json({ carried: req.convert.carry(), visitorId: req.convert.visitorId, variation: variation?.id });
    });
    const server = createServer(app);
    return { url: await listen(server), close: () => stop(server) };
  },

  async Koa(convert, webhooks) {
    const app = new Koa();
    const routes = new Map([...webhooks].map(([path, webhook]) => [path, forKoa.route(webhook)]));
    app.use((ctx, next) => routes.get(ctx.path)?.(ctx, next) ?? next());
    app.use(forKoa.convertMiddleware(convert));
    app.use((ctx) => {
      const variation = ctx.convert.runExperience('homepage-hero');
      ctx.body = { carried: ctx.convert.carry(), visitorId: ctx.convert.visitorId, variation: variation?.id };
    });
    const server = createServer(app.callback() as never);
    return { url: await listen(server), close: () => stop(server) };
  },

  async Fastify(convert, webhooks) {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(forFastify.convertPlugin, { convert });
    for (const [prefix, webhook] of webhooks) await app.register(forFastify.route(webhook), { prefix });
    app.get('/', async (request) => {
      const variation = request.convert.runExperience('homepage-hero');
      const { visitorId } = request.convert;
      return { carried: request.convert.carry(), visitorId, variation: variation?.id };
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url, close: () => app.close() };
  },
};

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36';

const pathOf = (sender: Sender): string => `/webhooks/${SENDERS.indexOf(sender)}`;

function webhookOf(convert: Convert, sender: Sender): ConversionWebhook {
  const platform = sender.platform(sender.secrets[0]);
  return conversionWebhook(convert, {
    platform,
    goal: 'purchase',
    currency: 'EUR',
    order: sender.read as never,
  });
}

describe.each(Object.entries(FRAMEWORKS))('an order on %s', (_name, startShop) => {
  let shop: Shop | undefined;
  afterEach(() => shop?.close());

  it('counts once for the visitor who placed it, whichever platform tells of it twice', async () => {
    const convert = create({
      secrets: 'a secret of sixteen',
      consent: { cookie: 'consent', granted: 'yes' },
    });
    const webhooks = new Map(SENDERS.map((sender) => [pathOf(sender), webhookOf(convert, sender)]));
    shop = await startShop(convert, webhooks);
    const { url } = shop;

    for (const [nth, sender] of SENDERS.entries()) {
      const page = await fetch(url, { headers: { 'User-Agent': CHROME, Cookie: 'consent=yes' } });
      const { carried, visitorId, variation } = (await page.json()) as Record<
        'carried' | 'visitorId' | 'variation',
        string
      >;
      expect(variation).toBeDefined();
      const order = { id: String(7000 + nth), amount: 84.5 + nth, currency: 'EUR', visitorId: carried };
      const { body, headers } = await orderRequest(sender, order);
      const deliver = async (sent = body) => {
        const response = await fetch(url + pathOf(sender), { method: 'POST', headers, body: sent });
        return [response.status, await response.text()];
      };
      expect(await deliver(), sender.name).toEqual([200, 'tracked']);
      expect(await deliver(), sender.name).toEqual([200, 'already-tracked']);
      expect(await deliver(body.replace('7000', '7001').concat(' ')), sender.name).toEqual([
        401,
        'bad-signature',
      ]);

      await convert.flush();
      const events = collector.conversions().filter((event) => event.visitorId === visitorId);
      const bucketingData = { '101': variation };
      expect(events.map(({ data }) => data)).toEqual([
        { goalId: '501', bucketingData },
        {
          goalId: '501',
          goalData: [
            { key: 'amount', value: order.amount },
            { key: 'transactionId', value: sender.idOf?.(order) ?? order.id },
          ],
          bucketingData,
        },
      ]);
    }
    expect(collector.conversions()).toHaveLength(2 * SENDERS.length);
    expect(collector.exposures()).toHaveLength(SENDERS.length);
  });
});

describe.skipIf(!hasRedis)('an order that reaches two processes', () => {
  const redis = sharedRedis();

  it('counts once, if they share a Redis', async () => {
    const sender = senderNamed('shopify');
    const apps = await Promise.all(
      [1, 2, 3].map(async () => {
        const convert = create({ store: redisStore({ url: `redis://127.0.0.1:${redis.port}` }) });
        await convert.ready();
        return { convert, webhook: webhookOf(convert, sender) };
      }),
    );
    const order = { id: '9001', amount: 12, currency: 'EUR', visitorId: 'visitor-of-all' };
    const { body, headers } = await orderRequest(sender, order);
    const request = { method: 'POST', url: '/', headers, body: Buffer.from(body), ip: '', raw: undefined };
    const answers = await Promise.all(apps.map(({ webhook }) => webhook(request)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ body: text }) => text).sort()).toEqual([
      'already-tracked',
      'already-tracked',
      'tracked',
    ]);
    // Whoever comes later is told the same.
    expect((await apps[0]!.webhook(request)).body).toBe('already-tracked');
    for (const { convert } of apps) await convert.close();
    expect(collector.conversions()).toHaveLength(2);
  });
});
