/** The variants on Express 5. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import cookieParser from 'cookie-parser';
import express from 'express';
import { fromBuild } from '../support/build.js';
import { EXPERIENCE, project } from '../support/project.js';
import { startFloor } from './floor.js';
import { attributesOf, COOKIE, startSdk } from './handwritten.js';
import { page } from './page.js';

const { createConvert } = await fromBuild('index');
const { convertMiddleware } = await fromBuild('express');

const mounted = (track, handler, options) => {
  const convert = createConvert({ project, endpoints: { track }, logger: false, ...options });
  const app = express();
  app.use(convertMiddleware(convert));
  app.get('/', handler);
  return { app, settle: () => convert.flush(), ready: () => convert.ready() };
};

const handwritten = (track, afterwards) => {
  const { sdk, settle } = startSdk(track);
  const app = express();
  app.use(cookieParser());
  app.use(async (req, res, next) => {
    await sdk.onReady();
    let vid = req.cookies['cv_vid'];
    if (!vid) {
      vid = randomUUID();
      res.cookie('cv_vid', vid, COOKIE);
    }
    req.experiments = { vid, ctx: sdk.createContext(vid) };
    next();
  });
  app.get('/', (req, res) => {
    const { ctx } = req.experiments;
    const variation = ctx.runExperience(
      EXPERIENCE,
      attributesOf({
        protocol: req.protocol,
        host: req.get('host'),
        hostname: req.hostname,
        url: req.originalUrl,
        path: req.path,
        query: req.query,
        header: (name) => req.get(name),
        isReturning: req.cookies['cv_vid'] !== undefined,
      }),
    );
    afterwards?.(res, ctx);
    res.send(page(variation?.key ?? 'none'));
  });
  return { app, settle };
};

const apps = {
  bare() {
    const app = express();
    app.get('/', (req, res) => res.send(page('none')));
    return { app };
  },
  unused: (track) => mounted(track, (req, res) => res.send(page('none'))),
  decide: (track, options) =>
    mounted(
      track,
      (req, res) => res.send(page(req.convert.runExperience(EXPERIENCE)?.key ?? 'none')),
      options,
    ),
  floor(track) {
    const floor = startFloor(track);
    const app = express();
    app.get('/', (req, res) =>
      res.send(floor.page(req.headers, (name, value) => res.setHeader(name, value))),
    );
    return { app, settle: floor.settle };
  },
  handwritten: (track) => handwritten(track),
  flushing: (track) => handwritten(track, (res, ctx) => res.on('finish', () => ctx.releaseQueues())),
};

/** `options`: further ones of Convert, of apps that have it. */
export async function start(name, { track, options }) {
  const { app, settle, ready } = apps[name](track, options);
  await ready?.();
  const server = createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, settle };
}
