/**
 * That delivery never keeps a process alive, and holds it while somebody waits: seen from outside, in a process of its
 * own.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Collector, type CollectorOptions, startCollector } from '../support/collector.js';
import { transpiledSources } from '../support/transpiled.js';

const source = transpiledSources();

interface Ended {
  code: number;
  killed: boolean;
  lines: string[];
}

/** Runs `body` in a process with `outbox`, `say` and `until`; it is killed where it does not end by itself. */
async function run(
  how: CollectorOptions,
  body: string,
  timeout: number,
): Promise<Ended & { collector: Collector }> {
  const collector = await startCollector(how);
  onTestFinished(() => collector.close());
  const file = join(source, `job-${collector.port}.js`);
  await writeFile(
    file,
    `
    import { memoryOutbox } from './delivery/memory-outbox.js';
    import { httpTransport } from './delivery/transports/http.js';
    const say = (...words) => console.log(...words);
    const outbox = memoryOutbox({
      transport: httpTransport(),
      destination: () => ({ accountId: '1', projectId: '2', url: ${JSON.stringify(collector.url)} }),
      listener: { delivered: (count) => say('delivered', count), dropped() {}, error: (error) => say(error.code), recovered() {} },
      random: () => 0.99,
    });
    const event = { visitorId: 'v1', event: { eventType: 'bucketing', data: { experienceId: '1', variationId: '2' } } };
    const send = () => outbox.offer([event]).confirm();
    const until = async (condition) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    ${body}
    `,
  );
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout }, (error, stdout) => {
      const code = typeof error?.code === 'number' ? error.code : 0;
      resolve({ code, killed: error?.killed ?? false, lines: stdout.trim().split('\n'), collector });
    });
  });
}

it('a process whose events are delivered ends, whatever connection is kept', async () => {
  const ended = await run({}, `send(); await until(() => outbox.ledger().delivered === 1);`, 5000);
  expect(ended).toMatchObject({ code: 0, killed: false, lines: ['delivered 1'] });
});

it('a process ends although a POST is under way to an endpoint that hangs', async () => {
  const ended = await run(
    { behaviour: () => 'hang' },
    `send(); await until(() => outbox.stats().posts === 1);
    await new Promise((resolve) => setTimeout(resolve, 100)); say('end');`,
    5000,
  );
  expect(ended).toMatchObject({ code: 0, killed: false, lines: ['end'] });
  expect(ended.collector.requests).toHaveLength(1);
});

it('a process ends although events wait for a backoff', async () => {
  const ended = await run(
    { status: () => 503 },
    `send(); await until(() => outbox.stats().retries === 1);
    send(); say('end');`,
    5000,
  );
  expect(ended).toMatchObject({ code: 0, killed: false, lines: ['CONVERT_DELIVERY', 'end'] });
});

it('a job that awaits a flush is held until its events are delivered, also through a backoff', async () => {
  const ended = await run(
    { status: (n) => (n < 3 ? 503 : 200), delay: 50 },
    `send(); const { delivered } = await outbox.flush(20_000); say('flushed', delivered);`,
    15_000,
  );
  expect(ended.lines).toEqual(['CONVERT_DELIVERY', 'delivered 1', 'flushed 1']);
  expect(ended).toMatchObject({ code: 0, killed: false });
});

it.each(['flush', 'close'])('a job that awaits a %s is held no longer than its timeout', async (method) => {
  const ended = await run(
    { behaviour: () => 'hang' },
    `send(); const { delivered } = await outbox.${method}(300); say('end', delivered);`,
    6000,
  );
  expect(ended).toMatchObject({ code: 0, killed: false, lines: ['end 0'] });
});
