/** The variants on Express 5. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import cookieParser from 'cookie-parser';
import express from 'express';
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import { EXPERIENCE, project } from '../support/project.js';
import { startFloor } from './floor.js';
import { attributesOf, COOKIE, startSdk } from './handwritten.js';
import { page } from './page.js';

const mounted = (track, handler, delivery = {}) => {
  const convert = createConvert({ project, endpoints: { track }, delivery });
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
  decide: (track, delivery) =>
    mounted(
      track,
      (req, res) => res.send(page(req.convert.runExperience(EXPERIENCE)?.key ?? 'none')),
      delivery,
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

/** `delivery`: the option, of apps that have it. */
export async function start(name, { track, delivery }) {
  const { app, settle, ready } = apps[name](track, delivery);
  await ready?.();
  const server = createServer(app);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, settle };
}
