/**
 * A process with one route for assignments, on Fastify: one that parses the body and answers the same JSON, two that
 * do the least that assigns a visitor, without rules and with them, and ours.
 */
import { timingSafeEqual } from 'node:crypto';
import { Agent, request } from 'node:http';
import fastify from 'fastify';
import { isbot } from 'isbot';
import UAParser from 'ua-parser-js';
import { answer } from '../support/children.js';
import { fromBuild } from '../support/build.js';
import { EXPERIENCE, EXPERIENCE_ID, project, variationId } from '../support/project.js';

const [kind, track, token] = process.argv.slice(2);
const LINGER = 100;
const PATH = '/api/v1/experiments/assignments/:key';

const VARIANTS = [0, 1].map((index) => ({
  id: variationId(EXPERIENCE_ID, index),
  name: ['original', 'version-b'][index],
}));

const assignmentOf = ({ id, name }) => ({
  success: true,
  in_experiment: true,
  experiment_id: String(EXPERIENCE_ID),
  experiment_key: EXPERIENCE,
  experiment_name: EXPERIENCE,
  variant_id: id,
  variant_name: name,
  is_control: name === 'original',
  type: 'ab',
});

/** As a hand-made route gets the bytes of the body. */
function withBytes(app, assign) {
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post(PATH, ({ body }, reply) => {
    const assigned = assign(JSON.parse(body));
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store');
    return reply.send(JSON.stringify(assigned));
  });
}

const bare = (app) => withBytes(app, () => assignmentOf(VARIANTS[0]));

/** What the rules read of a user agent. An app sees few of them, so each is parsed once. */
function agentReader() {
  const known = new Map();
  return (userAgent) => {
    let agent = known.get(userAgent);
    if (agent === undefined) {
      agent = { isBot: isbot(userAgent), device: new UAParser(userAgent).getDevice().type ?? 'desktop' };
      known.set(userAgent, agent);
    }
    return agent;
  };
}

/** The location and the audience of the experience, by hand. */
function rules() {
  const readAgent = agentReader();
  return ({ url, user_agent: userAgent }) => {
    const { pathname, searchParams } = new URL(url);
    const { isBot, device } = readAgent(userAgent);
    return (
      pathname === '/' && !isBot && /^(desktop|mobile|tablet)$/.test(device) && !searchParams.has('preview')
    );
  };
}

/**
 * What an assignment can not do without: the token is compared in constant time, the visitor's id is hashed, the
 * variation is kept, and the first one is sent, with others. No consent, no retries, no bounds.
 */
function floor(app, isMet = () => true) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const expected = Buffer.from(token);
  const assigned = new Map();
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
  };
  withBytes(app, ({ token: given, visitor_id: visitorId, context }) => {
    const sent = Buffer.from(given);
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) return { success: false };
    if (!isMet(context)) return { success: true, in_experiment: false };
    let variant = assigned.get(visitorId);
    if (variant === undefined) {
      let hash = 9999;
      for (let at = 0; at < visitorId.length; at += 1)
        hash = Math.imul(hash ^ visitorId.charCodeAt(at), 0x01000193);
      variant = VARIANTS[hash < 0 ? 0 : 1];
      assigned.set(visitorId, variant);
      const data = { experienceId: String(EXPERIENCE_ID), variationId: variant.id };
      queue.push(JSON.stringify({ visitorId, events: [{ eventType: 'bucketing', data }] }));
      timer ??= setTimeout(send, LINGER);
    }
    return assignmentOf(variant);
  });
  return async () => {
    if (queue.length > 0) send();
    await sending;
  };
}

const ruled = (app) => floor(app, rules());

/** What `route()` costs by itself: a handler that parses the body, and answers the same JSON. */
async function mounted(app) {
  const { route } = await fromBuild('fastify');
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  const handler = async ({ body }) => {
    JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    return { status: 200, headers, body: JSON.stringify(assignmentOf(VARIANTS[0])) };
  };
  await app.register(route(Object.assign(handler, { answersBelow: true })), { prefix: '/api/v1' });
}

async function ours(app) {
  const { createConvert } = await fromBuild('index');
  const { route } = await fromBuild('fastify');
  const { assignmentRoutes } = await fromBuild('assignment');
  const convert = createConvert({ project, endpoints: { track }, logger: false });
  await convert.ready();
  await app.register(route(assignmentRoutes(convert, { tokens: token })), { prefix: '/api/v1' });
  return () => convert.flush();
}

const app = fastify();
const settled = await { bare, floor, ruled, mounted, ours }[kind](app);
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
