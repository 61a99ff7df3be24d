/** The nonce of the bridge's scripts, as the packages that usually set a Content-Security-Policy leave it. */
import { randomBytes } from 'node:crypto';
import fastifyHelmet from '@fastify/helmet';
import express from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import helmet from 'helmet';
import Koa from 'koa';
import koaHelmet from 'koa-helmet';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { convertMiddleware as koaMiddleware } from '../../src/koa.js';
import { createConvert } from '../../src/index.js';
import type { Convert } from '../../src/convert/types.js';
import type { ConvertContext } from '../../src/context/types.js';
import { testProject } from '../support/project.js';

interface Answer {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const page = (convert: ConvertContext): string => convert.bridge.script();

async function onExpress(make: typeof express, convert: Convert): Promise<Answer> {
  const app = make();
  app.use(convertMiddleware(convert));
  app.use((_req, res, next) => {
    res.locals.cspNonce = randomBytes(16).toString('base64');
    next();
  });
  const nonce = (_req: unknown, res: object): string =>
    `'nonce-${(res as { locals: { cspNonce: string } }).locals.cspNonce}'`;
  app.use(helmet({ contentSecurityPolicy: { directives: { scriptSrc: ["'self'", nonce] } } }));
  app.get('/', (req, res) => void res.send(page(req.convert)));
  return request(app).get('/');
}

/** What sets the policy, on the framework where it is at home. */
const PACKAGES: Readonly<Record<string, (convert: Convert) => Promise<Answer>>> = {
  'helmet on Express 5': (convert) => onExpress(express, convert),
  'helmet on Express 4': (convert) => onExpress(express4, convert),
  async 'koa-helmet'(convert) {
    const app = new Koa();
    app.use(koaMiddleware(convert));
    app.use(async (ctx, next) => {
      ctx.state.cspNonce = randomBytes(16).toString('base64');
      const scriptSrc = ["'self'", `'nonce-${ctx.state.cspNonce as string}'`];
      await koaHelmet({ contentSecurityPolicy: { directives: { scriptSrc } } })(ctx, next);
    });
    app.use((ctx) => void (ctx.body = page(ctx.convert)));
    return request(app.callback()).get('/');
  },
  async '@fastify/helmet'(convert) {
    const app = Fastify();
    await app.register(convertPlugin, { convert });
    await app.register(fastifyHelmet, { enableCSPNonces: true });
    app.get('/', async ({ convert: context }) => page(context));
    const { headers, body } = await app.inject('/');
    await app.close();
    return { headers, text: body };
  },
  async 'a policy that only reports'(convert) {
    const app = express();
    app.use(convertMiddleware(convert));
    app.get('/', (req, res) => {
      res.set('Content-Security-Policy-Report-Only', "script-src 'nonce-report'");
      res.send(page(req.convert));
    });
    return request(app).get('/');
  },
};

describe('the nonce of bridge.script()', () => {
  it.each(Object.entries(PACKAGES))('is the one of %s', async (_name, answer) => {
    const convert = createConvert({ project: testProject(), delivery: false, logger: false });
    const { headers, text } = await answer(convert);
    await convert.close({ timeout: 1 });
    const policy = (headers['content-security-policy'] ??
      headers['content-security-policy-report-only']) as string;
    const [, nonce] = /script-src [^;]*'nonce-([^']+)'/.exec(policy)!;
    expect(text).toMatch(/^<script nonce="[\w+/=]+">window\.__CV__=/);
    expect(text).toContain(`nonce="${nonce}"`);
  });

  it('is none where no policy has one', async () => {
    const convert = createConvert({ project: testProject(), delivery: false, logger: false });
    const app = express();
    app.use(convertMiddleware(convert), helmet());
    app.get('/', (req, res) => void res.send(page(req.convert)));
    const { text } = await request(app).get('/');
    await convert.close({ timeout: 1 });
    expect(text).toMatch(/^<script>window/);
  });
});
