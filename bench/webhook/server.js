/**
 * A process with one route for webhooks, on Fastify: one that does nothing but read the body, one that does the least
 * that counts an order, and ours.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Agent, request } from 'node:http';
import fastify from 'fastify';
import { answer } from '../support/children.js';
import { fromBuild } from '../support/build.js';
import { GOAL, project } from '../support/project.js';
import { VISITORS, visitorOf } from './visitors.js';

const [kind, track, secret] = process.argv.slice(2);
const LINGER = 100;
/** Everybody takes part in it: there is no page and no browser here. */
const EXPERIENCE = 'footer';

/** As a hand-made route gets the bytes of the body. */
function withBytes(app, handler) {
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/webhook', handler);
  return app;
}

/**
 * What an order can not do without: a signature is checked, the body is parsed, the visitor's id is hashed, and one
 * event is sent, with others. No time limit, no second delivery, no store, no consent, no currencies, no retries.
 */
function floor(app) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let queue = [];
  let timer;
  let sending;
  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    const body = `{"accountId":"1001","projectId":"2002","enrichData":true,"visitors":[${queue.join()}]}`;
    queue = [];
    sending = new Promise((resolve) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
      request(`${track}track`, { agent, method: 'POST', headers }, (response) => {
        response.resume().on('end', resolve);
      }).end(body);
    });
    return sending;
  };
  withBytes(app, ({ body, headers }, reply) => {
    const expected = createHmac('sha256', secret).update(body).digest();
    const given = Buffer.from(String(headers['x-shopify-hmac-sha256']), 'base64');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
    const order = JSON.parse(body);
    const visitorId = order.note_attributes.find(({ name }) => name === 'cv_vid').value;
    let hash = 9999;
    for (let at = 0; at < visitorId.length; at += 1)
      hash = Math.imul(hash ^ visitorId.charCodeAt(at), 0x01000193);
    const goalData = [
      { key: 'amount', value: Number(order.total_price) },
      { key: 'transactionId', value: String(order.id) },
    ];
    const data = { goalId: '501', goalData, bucketingData: { 100400110: hash < 0 ? '300802' : '300803' } };
    queue.push(JSON.stringify({ visitorId, events: [{ eventType: 'conversion', data }] }));
    timer ??= setTimeout(send, LINGER);
    return reply.code(200).send('ok');
  });
  return async () => {
    if (queue.length > 0) send();
    await sending;
  };
}

async function ours(app) {
  const { createConvert } = await fromBuild('index');
  const { route } = await fromBuild('fastify');
  const { conversionWebhook, shopify } = await fromBuild('webhook');
  const convert = createConvert({ project, endpoints: { track }, logger: false });
  await convert.ready();
  for (let nth = 0; nth < VISITORS; nth += 1) {
    const visitor = await convert.forVisitor(visitorOf(nth));
    visitor.runExperience(EXPERIENCE);
  }
  await convert.flush();
  const webhook = conversionWebhook(convert, { platform: shopify({ secret }), goal: GOAL, currency: 'EUR' });
  await app.register(route(webhook), { prefix: '/webhook' });
  return () => convert.flush();
}

const app = fastify();
const settle = {
  bare: () => void withBytes(app, (_request, reply) => reply.code(200).send('ok')),
  floor: () => floor(app),
  ours: () => ours(app),
}[kind];
const settled = await settle();
await app.listen({ port: 0, host: '127.0.0.1' });

answer({
  port: () => app.server.address().port,
  /** Microseconds of CPU time so far, once all that the requests have left to do is done. */
  async cpu() {
    await settled?.();
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
