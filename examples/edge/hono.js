/** Hono on Cloudflare Workers: a middleware that puts the context at `c.get('convert')`. */
import { createConvert } from 'convert-middleware/fetch';
import { Hono } from 'hono';

/** `options` are those of `createConvert`; without any, the project of `sdkKey` is fetched with the first request. */
export function heroApp(options = { sdkKey: '10035569/10034190' }) {
  const convert = createConvert(options);
  const app = new Hono();

  app.use(async (c, next) => {
    const waitUntil = (promise) => c.executionCtx.waitUntil(promise);
    const ip = c.req.header('cf-connecting-ip');
    const { context, run, finish } = await convert.open(c.req.raw, { ip, waitUntil });
    c.set('convert', context);
    await run(next);
    const response = await finish(c.res);
    // Hono would put cookies of the response before in the place of these.
    c.res = undefined;
    c.res = response;
  });

  app.get('/', (c) => {
    const hero = c.get('convert').runExperience('homepage-hero');
    return c.html(`<h1>${hero?.key === 'version-b' ? 'Know what works.' : 'Welcome'}</h1>`);
  });
  return app;
}

export default heroApp();
