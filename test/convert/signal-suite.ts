/** Tests of what `shutdown: 'signals'` does to a process: what waits is delivered, and the signal ends it as ever. */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Child, startChild } from '../support/child.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

let collector: Collector;

/**
 * A process that would run for ever. `wait` tracks two visitors: the event of the first is sent, the other one lingers.
 */
function run(script: string): Child {
  return startChild(`
    import { createConvert } from 'convert-middleware';
    import { createRequire } from 'node:module';
    const options = {
      project: ${JSON.stringify(testProject())},
      endpoints: { track: '${collector.origin}' },
      delivery: { linger: 60000 },
      shutdown: 'signals',
    };
    const track = async (convert, id) => (await convert.forVisitor(id)).trackConversion('purchase');
    const wait = async (convert, id) => {
      await track(convert, id + '-sent');
      await convert.flush();
      await track(convert, id + '-waits');
    };
    const until = async (condition) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const listeners = () => ['SIGTERM', 'SIGINT'].map((signal) => process.listenerCount(signal)).join();
    setInterval(() => {}, 1000);
    ${script}
  `);
}

const visitors = () => collector.conversions().map(({ visitorId }) => visitorId);

export function signalSuite(size: CaseSize): void {
  const { small, large } = testsOf(size);

  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  describe("with shutdown: 'signals'", () => {
    for (const [signal, test] of [
      ['SIGTERM', small],
      ['SIGINT', large],
    ] as const)
      test(`${signal} sends what waits, and ends the process`, async () => {
        const child = run(`await wait(createConvert(options), 'a'); console.log('ready');`);
        await child.said('ready');
        expect(visitors()).toEqual(['a-sent']);
        child.kill(signal);
        expect(await child.ended).toEqual({ code: null, signal, output: 'ready\n' });
        expect(visitors()).toEqual(['a-sent', 'a-waits']);
      });

    large('a collector that hangs is given up, and the signal ends the process', async () => {
      collector.change({ behaviour: () => 'hang' });
      const child = run(`await track(createConvert(options), 'a'); console.log('ready');`);
      await child.said('ready');
      child.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
      expect(visitors()).toEqual([]);
    });

    small('a second signal ends the process at once', async () => {
      collector.change({ behaviour: () => 'hang' });
      const child = run(`
      await track(createConvert(options), 'a');
      console.log('ready');
      await until(() => listeners() === '0,0');
      console.log('closing');
    `);
      await child.said('ready');
      child.kill('SIGTERM');
      await child.said('closing');
      child.kill('SIGINT');
      // Had it waited, the first one would have ended it.
      expect(await child.ended).toMatchObject({ code: null, signal: 'SIGINT' });
    });

    large('an outbox that never closes is given up, too', async () => {
      const child = run(`
      const never = new Promise(() => {});
      const outbox = () => ({
        offer: () => ({ refused: new Set(), confirm() {} }),
        drop() {}, ledger() {}, stats() {},
        flush: () => never, close: () => never,
      });
      createConvert({ ...options, delivery: { outbox } });
      console.log('ready');
    `);
      await child.said('ready');
      child.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    });

    for (const [how, test, both] of [
      ['once, before', small, "process.once('SIGTERM', stop); const convert = createConvert(options);"],
      ['once, after', large, "const convert = createConvert(options); process.once('SIGTERM', stop);"],
      ['always, before', large, "process.on('SIGTERM', stop); const convert = createConvert(options);"],
      ['always, after', large, "const convert = createConvert(options); process.on('SIGTERM', stop);"],
    ] as const)
      test(`an app that listens itself (${how}) ends itself: what waits is sent, what comes later taken`, async () => {
        const child = run(`
      async function stop() {
        await until(() => convert.stats().delivery.delivered === 2);
        await track(convert, 'later');
        const { delivered, dropped } = await convert.close();
        console.log(delivered, dropped);
        process.exit(0);
      }
      ${both}
      await wait(convert, 'a');
      console.log('ready');
    `);
        await child.said('ready');
        child.kill('SIGTERM');
        expect(await child.ended).toEqual({ code: 0, signal: null, output: 'ready\n3 0\n' });
        expect(visitors()).toEqual(['a-sent', 'a-waits', 'later']);
      });

    small('an app that ignores a signal goes on, and ends by the other one', async () => {
      const child = run(`
      process.on('SIGINT', () => console.log('ignored'));
      await wait(createConvert(options), 'a');
      console.log('ready');
    `);
      await child.said('ready');
      child.kill('SIGINT');
      await child.said('ignored');
      await collector.waitFor(() => visitors().length === 2);
      child.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    });

    large(
      'a library that ends the process only where nobody else listens does so, once what waits is sent',
      async () => {
        // As the package signal-exit does.
        const child = run(`
      process.__signal_exit_emitter__ = { count: 1 };
      process.on('SIGTERM', function last() {
        if (process.listeners('SIGTERM').length > process.__signal_exit_emitter__.count) return;
        console.log('last');
        process.off('SIGTERM', last);
        process.kill(process.pid, 'SIGTERM');
      });
      await wait(createConvert(options), 'a');
      console.log('ready');
    `);
        await child.said('ready');
        child.kill('SIGTERM');
        expect(await child.ended).toEqual({ code: null, signal: 'SIGTERM', output: 'ready\nlast\n' });
        expect(visitors()).toEqual(['a-sent', 'a-waits']);
      },
    );

    small('instances share a listener, also those of the other build', async () => {
      const child = run(`
      const cjs = createRequire(process.cwd() + '/')('convert-middleware');
      if (cjs.createConvert === createConvert) throw new Error('one build');
      const all = [createConvert(options), createConvert(options), cjs.createConvert(options)];
      for (const [index, each] of all.entries()) await wait(each, String(index));
      console.log(listeners());
      console.log('ready');
    `);
      await child.said('ready');
      child.kill('SIGTERM');
      expect(await child.ended).toEqual({ code: null, signal: 'SIGTERM', output: '1,1\nready\n' });
      expect(visitors().sort()).toEqual(['0-sent', '0-waits', '1-sent', '1-waits', '2-sent', '2-waits']);
    });

    small(
      'the listeners go with the last instance, however it is closed, and come with the next',
      async () => {
        const child = run(`
      import { createServer } from 'node:http';
      import Fastify from 'fastify';
      import { convertPlugin } from 'convert-middleware/fastify';
      const said = [];
      const one = createConvert(options);
      const two = createConvert(options);
      await one.close();
      said.push(listeners());
      const server = two.closeWith(createServer().listen(0));
      await new Promise((resolve) => server.once('listening', resolve));
      await new Promise((resolve) => server.close(resolve));
      said.push(listeners());
      const app = Fastify();
      await app.register(convertPlugin, options);
      await app.ready();
      said.push(listeners());
      await app.close();
      said.push(listeners());
      console.log(said.join(' '));
      process.exit();
    `);
        expect(await child.ended).toEqual({ code: 0, signal: null, output: '1,1 0,0 1,1 0,0\n' });
      },
    );

    large('in a worker thread it does nothing, and no harm', async () => {
      const child = run(`
      import { Worker } from 'node:worker_threads';
      const inside = \`
        import { createConvert } from 'convert-middleware';
        import { parentPort, workerData } from 'node:worker_threads';
        createConvert(workerData);
        parentPort.postMessage('ready');
        setInterval(() => {}, 1000);
      \`;
      const worker = new Worker(inside, { eval: true, workerData: options });
      worker.once('message', (line) => console.log(line));
    `);
      await child.said('ready');
      child.kill('SIGTERM');
      expect(await child.ended).toEqual({ code: null, signal: 'SIGTERM', output: 'ready\n' });
    });
  });

  small("without shutdown: 'signals', nothing is listened to", async () => {
    const child = run(`
      const convert = createConvert({ ...options, shutdown: undefined });
      await track(convert, 'a');
      console.log(listeners());
      await convert.close();
      process.exit();
    `);
    expect(await child.ended).toEqual({ code: 0, signal: null, output: '0,0\n' });
  });
}
