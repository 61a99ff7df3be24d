/** Tests of processes whose server closes, and of frameworks that end the process then. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startChild } from '../support/child.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

let collector: Collector;

export function serverEndSuite(size: CaseSize): void {
  const { small, large } = testsOf(size);

  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  describe('a process that closes its server on SIGTERM', () => {
    for (const [test, framework, createApp, request, answer] of [
      [small, 'express', 'import express from "express"; const app = express();', 'req', 'res.end()'],
      [large, 'koa', 'import Koa from "koa"; const app = new Koa();', 'ctx', 'ctx.body = "ok"'],
    ] as const)
      test(`ends by itself, with all delivered: ${framework}`, async () => {
        const child = startChild(`
      ${createApp}
      import { convertMiddleware } from 'convert-middleware/${framework}';
      const middleware = convertMiddleware({
        project: ${JSON.stringify(testProject())},
        endpoints: { track: '${collector.origin}' },
        delivery: { linger: 60000 },
        bots: 'include',
      });
      app.use(middleware);
      app.use((${request}, res) => {
        ${request}.convert.runExperience('homepage-hero');
        ${answer};
      });
      const server = middleware.convert.closeWith(app.listen(0, '127.0.0.1', async () => {
        for (let n = 0; n < 2; n++) await fetch('http://127.0.0.1:' + server.address().port);
        console.log('ready');
      }));
      process.once('SIGTERM', () => server.close());
    `);
        await child.said('ready');
        child.kill('SIGTERM');
        expect(await child.ended).toEqual({ code: 0, signal: null, output: 'ready\n' });
        expect(collector.exposures()).toHaveLength(2);
      });
  });

  if (size === 'large') endedByFramework();
}

function endedByFramework(): void {
  describe('G3: a framework that ends the process when the server has closed', () => {
    /** The server has answered one request, whose exposure waits in memory; `end` is what the framework does. */
    const run = (convertOptions: string, end: string) =>
      startChild(`
      import { createServer } from 'node:http';
      import { AsyncLocalStorage } from 'node:async_hooks';
      import { createConvert } from 'convert-middleware';
      import { convertMiddleware } from 'convert-middleware/express';
      const requests = new AsyncLocalStorage();
      // As Next's after(): it belongs to a request, and the server waits for what it was given.
      const pending = new Set();
      const after = (promise) => {
        if (!requests.getStore()) throw new Error('after() outside of a request');
        pending.add(promise);
      };
      const convert = createConvert({
        project: ${JSON.stringify(testProject())},
        endpoints: { track: '${collector.origin}' },
        delivery: { linger: 60000 },
        bots: 'include',
        ${convertOptions}
      });
      const middleware = convertMiddleware(convert);
      const server = createServer((req, res) =>
        requests.run(req, () => middleware(req, res, () => {
          req.convert.runExperience('homepage-hero');
          res.end();
        })),
      );
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = 'http://127.0.0.1:' + server.address().port;
      const visit = async () => (await fetch(url, { headers: { connection: 'close' } })).text();
      const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      // Two POSTs: the second one lingers.
      await visit();
      while (convert.stats().delivery.delivered === 0) await sleep(5);
      await visit();
      await sleep(50);
      const closeServer = () => new Promise((resolve) => server.close(resolve));
      ${end}
      console.log('ready');
    `);

    /** As Nest's enableShutdownHooks(): it closes the server, calls the hooks, and sends itself the signal again. */
    const NEST = `
    async function cleanup(signal) {
      for (const each of providers) await each.beforeApplicationShutdown?.(signal);
      await closeServer();
      for (const each of providers) await each.onApplicationShutdown?.(signal);
      process.removeListener('SIGTERM', cleanup);
      process.kill(process.pid, signal);
    }
    process.on('SIGTERM', cleanup);`;
    /** As \`next start\`: it closes the server, waits for what after() was given, and exits. */
    const NEXT = `
    process.on('SIGTERM', async () => {
      await closeServer();
      await Promise.all(pending);
      process.exit(0);
    });`;
    const WARNING = 'the process ends before closeWith() is done, and 1 events are lost';

    // The endpoint does not answer, so that the process ends first.
    it.each([
      ['Nest, with closeWith alone', `convert.closeWith(server); const providers = []; ${NEST}`, 'SIGTERM'],
      ['Next, with closeWith alone', `convert.closeWith(server); ${NEXT}`, null],
    ])('loses events, and a line on stderr says so: %s', async (_, end, signal) => {
      const child = run('', end);
      await child.said('ready');
      collector.change({ behaviour: () => 'hang' });
      child.kill('SIGTERM');
      const { output, ...ended } = await child.ended;
      expect(ended).toEqual({ code: signal === null ? 0 : null, signal });
      expect(output.split(WARNING)).toHaveLength(2);
    });

    it.each([
      [
        'Nest, with a provider that closes the Convert',
        '',
        `class ConvertShutdown { onApplicationShutdown() { return convert.close(); } }
      const providers = [new ConvertShutdown()]; ${NEST}`,
        'SIGTERM',
      ],
      ['Next, with after() as `waitUntil`', 'waitUntil: (promise) => after(promise),', NEXT, null],
    ])('loses nothing by the recipe: %s', async (_, convertOptions, end, signal) => {
      const child = run(convertOptions, end);
      await child.said('ready');
      child.kill('SIGTERM');
      expect(await child.ended).toEqual({ code: signal === null ? 0 : null, signal, output: 'ready\n' });
      expect(collector.exposures()).toHaveLength(2);
    });

    it('says nothing if nothing is lost, or if the logger is off', async () => {
      for (const [more, end] of [
        ['', `await convert.flush(); convert.closeWith(server); ${NEXT}`],
        ['logger: false,', `convert.closeWith(server); ${NEXT}`],
      ]) {
        const child = run(more!, end!);
        await child.said('ready');
        child.kill('SIGTERM');
        expect(await child.ended).toEqual({ code: 0, signal: null, output: 'ready\n' });
      }
    });
  });
}
