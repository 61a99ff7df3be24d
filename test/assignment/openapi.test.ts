/** The OpenAPI file says what the endpoint takes and answers, over HTTP. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import express from 'express';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assignmentRoutes } from '../../src/assignment.js';
import { route } from '../../src/express.js';
import type { RouteHandler } from '../../src/model/http.js';
import { listen, stop } from '../adapters/harness.js';
import { collectorPerTest, create } from '../convert/setup.js';
import { TOKEN } from './calls.js';

collectorPerTest();

interface Media {
  readonly content: { readonly 'application/json': { readonly schema: { readonly $ref: string } } };
}
interface Operation {
  readonly requestBody: Media;
  readonly responses: Readonly<
    Record<string, Media & { readonly headers: Readonly<Record<string, unknown>> }>
  >;
}
interface Spec {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const FILE = resolve(import.meta.dirname, '../../docs/reference/assignment.openapi.json');
const spec = JSON.parse(readFileSync(FILE, 'utf8')) as Spec;

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
ajv.addVocabulary(Object.keys(spec));
ajv.addSchema({ ...spec, $id: 'spec' }, 'spec');
const validatorOf = ({ content }: Media): ValidateFunction =>
  ajv.getSchema(`spec${content['application/json'].schema.$ref}`)!;

/** The path of the file that a path of a request is, and the path as it is sent. */
const KEY = '/experiments/assignments/{experiment_key}';
const BATCH = '/experiments/assignments';
const PERSONALIZATION = '/experiments/personalization';
const TRACK = '/track';
const A = { token: TOKEN, visitor_id: 'a' };
const EVERYTHING = {
  ...A,
  origin: 'app',
  consent: 'granted',
  properties: { country: 'DE' },
  context: {
    url: 'https://shop.example/',
    search: '?a=1',
    referrer: '',
    user_agent: 'Mozilla/5.0',
    ip: '192.0.2.7',
  },
};

/** Requests that the file allows, but for the key, the goal and the token. */
const RIGHT: [path: string, key: string, body: object, status: number][] = [
  [KEY, 'homepage-hero', A, 200],
  [KEY, 'homepage-hero', { ...EVERYTHING, track_impression: false }, 200],
  [KEY, 'homepage-hero', { ...A, origin: null, consent: null, properties: null, context: null }, 200],
  [KEY, 'spring-sale', A, 200],
  [KEY, 'no-such-key', A, 404],
  [KEY, 'homepage-hero', { ...A, token: 'wrong' }, 401],
  [BATCH, '', { ...EVERYTHING, experiment_keys: ['homepage-hero', 'spring-sale', 'no-such-key'] }, 200],
  [PERSONALIZATION, '', A, 200],
  [TRACK, '', { ...EVERYTHING, event: 'purchase' }, 200],
  [
    TRACK,
    '',
    { token: TOKEN, userId: 'a', event: 'purchase', distinctId: '1', eventProperties: { amount: '1' } },
    200,
  ],
  [TRACK, '', { ...A, event: 'signup', ruleData: { plan: 'basic' } }, 200],
  [TRACK, '', { ...A, event: 'no-such-goal' }, 404],
];

/** Requests that the file forbids. */
const WRONG: [path: string, body: object][] = [
  [KEY, { token: TOKEN }],
  [KEY, { ...A, visitor_id: 7 }],
  [KEY, { ...A, visitor_id: '' }],
  [KEY, { ...A, visitor_id: 'v'.repeat(257) }],
  [KEY, { ...A, origin: 'carried' }],
  [KEY, { ...A, consent: true }],
  [KEY, { ...A, properties: [] }],
  [KEY, { ...A, context: 'x' }],
  [KEY, { ...A, context: { url: 'shop.example' } }],
  [KEY, { ...A, context: { ip: 7 } }],
  [KEY, { ...A, track_impression: 'no' }],
  [BATCH, A],
  [BATCH, { ...A, experiment_keys: [] }],
  [BATCH, { ...A, experiment_keys: [7] }],
  [BATCH, { ...A, experiment_keys: Array.from({ length: 101 }, String) }],
  [PERSONALIZATION, { token: TOKEN }],
  [TRACK, A],
  [TRACK, { token: TOKEN, event: 'purchase' }],
  [TRACK, { ...A, event: 7 }],
  [TRACK, { ...A, event: 'purchase', distinctId: {} }],
  [TRACK, { ...A, event: 'purchase', ruleData: 'pro' }],
  [TRACK, { ...A, event: 'purchase', identityContext: { userAgent: 7 } }],
];

/** Serves the endpoint until the test ends. Returns where it is. */
async function serve(routes: RouteHandler): Promise<string> {
  const server = createServer(express().use(spec.servers[0]!.url, route(routes)));
  onTestFinished(() => stop(server));
  return (await listen(server)) + spec.servers[0]!.url;
}

/** Sends a request, and checks its answer by the file. Returns the status. */
async function send(base: string, path: string, key: string, body: object): Promise<number> {
  const answer = await fetch(base + path.replace('{experiment_key}', key), {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const { status, headers } = answer;
  const said: unknown = await answer.json();
  const response = spec.paths[path]!.post.responses[status];
  expect(response, `${path} answers ${status}`).toBeDefined();
  const validate = validatorOf(response!);
  expect(validate(said), JSON.stringify([said, validate.errors])).toBe(true);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.has('retry-after')).toBe('Retry-After' in response!.headers);
  return status;
}

describe('docs/reference/assignment.openapi.json', () => {
  const open = () => serve(assignmentRoutes(create(), { tokens: TOKEN }));

  it('is of OpenAPI 3.1, and names the paths of the endpoint', () => {
    expect(spec.openapi).toBe('3.1.0');
    expect(spec.servers[0]!.url).toBe('/api/v1');
    expect(Object.keys(spec.paths).sort()).toEqual([BATCH, KEY, PERSONALIZATION, TRACK]);
  });

  it('allows what the endpoint takes, and has what it answers', async () => {
    const base = await open();
    for (const [path, key, body, status] of RIGHT) {
      const validate = validatorOf(spec.paths[path]!.post.requestBody);
      expect(validate(body), JSON.stringify([body, validate.errors])).toBe(true);
      expect(await send(base, path, key, body), JSON.stringify([path, key, body])).toBe(status);
    }
  });

  it('forbids what the endpoint refuses', async () => {
    const base = await open();
    for (const [path, body] of WRONG) {
      expect(validatorOf(spec.paths[path]!.post.requestBody)(body), JSON.stringify(body)).toBe(false);
      expect(await send(base, path, 'homepage-hero', body), JSON.stringify(body)).toBe(400);
    }
  });

  it('has the other answers: too large, too often, not now', async () => {
    const large = { ...A, properties: { more: 'x'.repeat(20_000) } };
    expect(await send(await open(), KEY, 'homepage-hero', large)).toBe(413);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as rate-limiter-flexible does
    const limits = { consume: () => Promise.reject({ msBeforeNext: 10 }) };
    const limited = await serve(assignmentRoutes(create(), { tokens: TOKEN, limits }));
    expect(await send(limited, KEY, 'homepage-hero', A)).toBe(429);
    const never = { description: 'never', start: () => undefined, stop: () => undefined };
    const unready = await serve(assignmentRoutes(create({ project: never }), { tokens: TOKEN }));
    for (const [path, body] of [
      [KEY, A],
      [BATCH, { ...A, experiment_keys: ['homepage-hero'] }],
      [PERSONALIZATION, A],
      [TRACK, { ...A, event: 'purchase' }],
    ] as const)
      expect(await send(unready, path, 'homepage-hero', body)).toBe(503);
  });
});
