/** The variants on Koa 3. */
import { randomUUID } from 'node:crypto';
import Koa from 'koa';
import { fromBuild } from '../support/build.js';
import { EXPERIENCE, project } from '../support/project.js';
import { startFloor } from './floor.js';
import { attributesOf, COOKIE, startSdk } from './handwritten.js';
import { page } from './page.js';

const { createConvert } = await fromBuild('index');
const { convertMiddleware } = await fromBuild('koa');

const mounted = (track, handler) => {
  const convert = createConvert({ project, endpoints: { track }, logger: false });
  const app = new Koa();
  app.use(convertMiddleware(convert));
  app.use(handler);
  return { app, settle: () => convert.flush(), ready: () => convert.ready() };
};

const handwritten = (track, afterwards) => {
  const { sdk, settle } = startSdk(track);
  const app = new Koa();
  app.use(async (ctx, next) => {
    await sdk.onReady();
    const known = ctx.cookies.get('cv_vid');
    const vid = known ?? randomUUID();
    // Koa refuses secure cookies on the plain HTTP that is spoken here.
    if (!known) ctx.cookies.set('cv_vid', vid, { ...COOKIE, secure: false, httpOnly: false });
    ctx.experiments = { isReturning: known !== undefined, ctx: sdk.createContext(vid) };
    await next();
  });
  app.use((ctx) => {
    const { isReturning, ctx: context } = ctx.experiments;
    const variation = context.runExperience(
      EXPERIENCE,
      attributesOf({
        protocol: ctx.protocol,
        host: ctx.host,
        hostname: ctx.hostname,
        url: ctx.originalUrl,
        path: ctx.path,
        query: ctx.query,
        header: (name) => ctx.get(name) || undefined,
        isReturning,
      }),
    );
    afterwards?.(ctx.res, context);
    ctx.body = page(variation?.key ?? 'none');
  });
  return { app, settle };
};

const apps = {
  bare() {
    const app = new Koa();
    app.use((ctx) => void (ctx.body = page('none')));
    return { app };
  },
  unused: (track) => mounted(track, (ctx) => void (ctx.body = page('none'))),
  decide: (track) =>
    mounted(track, (ctx) => void (ctx.body = page(ctx.convert.runExperience(EXPERIENCE)?.key ?? 'none'))),
  floor(track) {
    const floor = startFloor(track);
    const app = new Koa();
    app.use((ctx) => void (ctx.body = floor.page(ctx.req.headers, (name, value) => ctx.set(name, value))));
    return { app, settle: floor.settle };
  },
  handwritten: (track) => handwritten(track),
  flushing: (track) => handwritten(track, (res, context) => res.on('finish', () => context.releaseQueues())),
};

export async function start(name, { track }) {
  const { app, settle, ready } = apps[name](track);
  await ready?.();
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  return { server, settle };
}
