/** Both builds of the package in one process: each takes a Convert of the other, and mounted twice the first wins. */
import * as esm from 'convert-middleware';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { createRequire } from 'node:module';
import { ask, end, options } from './report.cjs';

const framework = process.argv[2];
const require = createRequire(import.meta.url);
const cjs = require('convert-middleware');
const adapters = {
  esm: await import(`convert-middleware/${framework}`),
  cjs: require(`convert-middleware/${framework}`),
};

/** A server with the given [adapter, Convert] mounted in that order; it answers variation and visitor id. */
const serve = {
  express(...mounted) {
    const app = express();
    for (const [adapter, convert] of mounted) app.use(adapters[adapter].convertMiddleware(convert));
    app.get('/', (req, res) => res.send(answer(req.convert)));
    return app.listen(0, '127.0.0.1');
  },
  koa(...mounted) {
    const app = new Koa();
    for (const [adapter, convert] of mounted) app.use(adapters[adapter].convertMiddleware(convert));
    app.use((ctx) => {
      ctx.body = answer(ctx.convert);
    });
    return app.listen(0, '127.0.0.1');
  },
  async fastify(...mounted) {
    const app = fastify();
    for (const [adapter, convert] of mounted)
      await app.register(adapters[adapter].convertPlugin, { convert });
    app.get('/', async (request) => answer(request.convert));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
}[framework];

const answer = (convert) => `${convert.runExperience('homepage-hero')?.key} ${convert.visitorId}`;

const warnings = [];
const logger = { error: (message) => warnings.push(message), warn: (message) => warnings.push(message) };
const named = (build, id) => build.createConvert({ ...options(), visitor: { id: () => id }, logger });

async function answerOf(...mounted) {
  const server = await serve(...mounted);
  const { body } = await ask(server);
  await end(server, ...mounted.map(([, convert]) => convert));
  return body;
}

const result = {
  cjsConvertInEsmAdapter: await answerOf(['esm', named(cjs, 'mary')]),
  esmConvertInCjsAdapter: await answerOf(['cjs', named(esm, 'mary')]),
  cjsMountedFirst: await answerOf(['cjs', named(cjs, 'first')], ['esm', named(esm, 'second')]),
  esmMountedFirst: await answerOf(['esm', named(esm, 'first')], ['cjs', named(cjs, 'second')]),
  warnings,
};
console.log(JSON.stringify(result));
