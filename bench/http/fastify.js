/** The variants on Fastify 5. */
import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import fastify from 'fastify';
import { fromBuild } from '../support/build.js';
import { EXPERIENCE, project } from '../support/project.js';
import { startFloor } from './floor.js';
import { attributesOf, COOKIE, startSdk } from './handwritten.js';
import { page } from './page.js';

const { createConvert } = await fromBuild('index');
const { convertPlugin } = await fromBuild('fastify');

const html = (reply, text) => reply.type('text/html; charset=utf-8').send(text);

const mounted = async (track, handler, options) => {
  const convert = createConvert({ project, endpoints: { track }, logger: false, ...options });
  await convert.ready();
  const app = fastify();
  await app.register(convertPlugin, { convert });
  app.get('/', handler);
  return { app, settle: () => convert.flush() };
};

const handwritten = async (track, afterwards) => {
  const { sdk, settle } = startSdk(track);
  const app = fastify();
  await app.register(cookie);
  app.decorateRequest('experiments');
  app.addHook('onRequest', async (request, reply) => {
    await sdk.onReady();
    let vid = request.cookies['cv_vid'];
    if (!vid) {
      vid = randomUUID();
      // Seconds here, unlike in Express.
      reply.setCookie('cv_vid', vid, { ...COOKIE, maxAge: COOKIE.maxAge / 1000 });
    }
    request.experiments = { vid, ctx: sdk.createContext(vid) };
  });
  app.get('/', (request, reply) => {
    const { ctx } = request.experiments;
    const variation = ctx.runExperience(
      EXPERIENCE,
      attributesOf({
        protocol: request.protocol,
        host: request.host,
        hostname: request.hostname,
        url: request.originalUrl,
        path: request.originalUrl.split('?', 1)[0],
        query: request.query,
        header: (name) => request.headers[name],
        isReturning: request.cookies['cv_vid'] !== undefined,
      }),
    );
    afterwards?.(reply.raw, ctx);
    html(reply, page(variation?.key ?? 'none'));
  });
  return { app, settle };
};

const apps = {
  bare() {
    const app = fastify();
    app.get('/', (request, reply) => html(reply, page('none')));
    return { app };
  },
  unused: (track) => mounted(track, (request, reply) => html(reply, page('none'))),
  decide: (track, { onHandler, ...options } = {}) =>
    mounted(
      track,
      (request, reply) => {
        onHandler?.();
        html(reply, page(request.convert.runExperience(EXPERIENCE)?.key ?? 'none'));
      },
      options,
    ),
  floor(track) {
    const floor = startFloor(track);
    const app = fastify();
    app.get('/', ({ headers }, reply) =>
      html(
        reply,
        floor.page(headers, (name, value) => reply.header(name, value)),
      ),
    );
    return { app, settle: floor.settle };
  },
  handwritten: (track) => handwritten(track),
  flushing: (track) => handwritten(track, (raw, ctx) => raw.on('finish', () => ctx.releaseQueues())),
};

/** `options`: further ones of Convert, of apps that have it; `onHandler` is called when the handler is. */
export async function start(name, { track, options }) {
  const { app, settle } = await apps[name](track, options);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { server: app.server, settle };
}
