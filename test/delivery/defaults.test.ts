/** The defaults of the options that concern delivery: bounds, times and transports. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { tellPlatform } from '../../src/context/wait-until.js';
import { closeOnSignals } from '../../src/convert/shutdown-signals.js';
import { drainBeforeExit } from '../../src/convert/shutdown.js';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import { DEFAULT_SPOOL_BYTES, spoolOutbox } from '../../src/delivery/spool/spool-outbox.js';
import { fetchTransport } from '../../src/delivery/transports/fetch.js';
import { httpTransport } from '../../src/delivery/transports/http.js';
import type { DeliveryLedger } from '../../src/delivery/types.js';
import { createConvert } from '../../src/index.js';
import { DEFAULT_BACKOFF } from '../../src/utils/backoff.js';
import { startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { exposure, IDS, send, startOutbox, until } from './fakes.js';
import { fakeDisk } from './spool/fake-disk.js';

const KIB = 1024;

describe('an outbox', () => {
  it('posts 1,000 events at most', async () => {
    const kit = startOutbox(memoryOutbox, { lingerMs: 0 });
    send(kit, IDS.slice(0, 1500));
    kit.transport.always(200);
    await kit.outbox.flush(30_000);
    expect(kit.transport.posts.map(({ visitors }) => visitors.length)).toEqual([1000, 500]);
  });

  it('posts 256 KiB at most, and takes no more from room for more', async () => {
    const kit = startOutbox(memoryOutbox, { lingerMs: 0 });
    kit.transport.always(200);
    // Twelve of them fit, thirteen do not.
    send(
      kit,
      Array.from({ length: 40 }, (_, n) => `${n}-${'x'.repeat(20 * KIB)}`),
    );
    await kit.outbox.flush(30_000);
    const sizes = kit.transport.posts.map(({ text }) => Buffer.byteLength(text));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * KIB);
    expect(Math.max(...sizes)).toBeGreaterThan(236 * KIB);
  });

  it('takes an event of 32 KiB, and none that is larger', () => {
    const { outbox } = startOutbox(memoryOutbox);
    outbox.offer([exposure('')]).confirm();
    const rest = outbox.stats().queueBytes;
    const offer = (bytes: number): number => outbox.offer([exposure('x'.repeat(bytes - rest))]).refused.size;
    expect([offer(32 * KIB), offer(32 * KIB + 1)]).toEqual([0, 1]);
  });

  it('holds 16 MiB, of which exposures fill nine tenths', () => {
    const { outbox } = startOutbox(memoryOutbox);
    const id = 'x'.repeat(30 * KIB);
    while (outbox.offer([exposure(id)]).refused.size === 0);
    const { queueBytes } = outbox.stats();
    expect(queueBytes).toBeLessThanOrEqual(0.9 * 16 * KIB * KIB);
    expect(queueBytes).toBeGreaterThan(0.9 * 16 * KIB * KIB - 32 * KIB);
  });

  it('backs off from half a second to a minute', () => {
    expect(DEFAULT_BACKOFF).toEqual({ min: 500, max: 60_000 });
  });
});

afterEach(() => void vi.useRealTimers());

/** Real sockets, and a clock that stands still. */
const stopClock = (): unknown => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
const turns = async (count: number): Promise<void> => {
  while ((count -= 1) >= 0) await new Promise((resolve) => setImmediate(resolve));
};

it('a spool holds 1 GiB', () => {
  expect(DEFAULT_SPOOL_BYTES).toBe(KIB ** 3);
});

it('a spool commits what was accepted within 5 ms, at any time after another commit', async () => {
  stopClock();
  const kit = startOutbox(spoolOutbox('/spool', { files: fakeDisk() }));
  await turns(20);
  for (const after of [0, 1, 4, 20]) {
    await vi.advanceTimersByTimeAsync(after);
    send(kit, ['v1']);
    expect(kit.outbox.stats().volatile).toBe(1);
    await vi.advanceTimersByTimeAsync(5);
    await turns(20);
    expect(kit.outbox.stats().volatile).toBe(0);
  }
  expect(kit.outbox.ledger()).toMatchObject({ accepted: 4, dropped: 0 });
});

describe('a POST', () => {
  /** A server that answers nothing by itself. */
  async function silent(): Promise<{ url: string; answers: ServerResponse[] }> {
    const answers: ServerResponse[] = [];
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => answers.push(response));
    }).listen(0, '127.0.0.1');
    server.keepAliveTimeout = 0;
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, answers };
  }
  const untilIs = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };

  it.each([
    ['node', httpTransport],
    ['fetch', fetchTransport],
  ])('has 10 s: %s', async (_name, make) => {
    const { url, answers } = await silent();
    const transport = make();
    onTestFinished(() => transport.close());
    stopClock();
    let end: string | undefined;
    transport.post(url, '{}', true).catch((error: Error & { code?: string }) => (end = error.code));
    await untilIs(() => answers.length === 1);
    await vi.advanceTimersByTimeAsync(9_990);
    expect(end).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20);
    expect(end).toBe('ETIMEDOUT');
  });

  it('has no more where it is repeated on a fresh connection', async () => {
    const { url, answers } = await silent();
    const transport = httpTransport({ timeout: 1_000 });
    onTestFinished(() => transport.close());
    const first = transport.post(url, '{}', true);
    await until(() => answers.length === 1);
    answers[0]!.end('{}');
    await first;
    stopClock();
    let end: string | undefined;
    transport.post(url, '{}', true).catch((error: Error & { code?: string }) => (end = error.code));
    await untilIs(() => answers.length === 2);
    await vi.advanceTimersByTimeAsync(900);
    // The kept connection ends without an answer.
    answers[1]!.destroy();
    await untilIs(() => answers.length === 3);
    await vi.advanceTimersByTimeAsync(90);
    expect(end).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20);
    expect(end).toBe('ETIMEDOUT');
  });
});

it('a Convert flushes and closes within 5 s', async () => {
  const timeouts: number[] = [];
  const convert = createConvert({
    project: testProject(),
    delivery: {
      outbox: (options) => {
        const outbox = memoryOutbox(options);
        const remember = (work: (timeout: number) => Promise<DeliveryLedger>) => (timeout: number) => {
          timeouts.push(timeout);
          return work(timeout);
        };
        return {
          ...outbox,
          flush: remember((timeout) => outbox.flush(timeout)),
          close: remember((timeout) => outbox.close(timeout)),
        };
      },
    },
  });
  await convert.flush();
  await convert.flush({ timeout: 7 });
  await convert.close();
  expect(timeouts).toEqual([5_000, 7, 5_000]);
});

it('a promise for the platform gives delivery 5 s', async () => {
  const timeouts: number[] = [];
  const tell = tellPlatform(() => undefined, {
    flush: async (timeout) => timeouts.push(timeout),
    onError: () => undefined,
  });
  tell(undefined, (committed) => committed());
  await turns(2);
  expect(timeouts).toEqual([5_000]);
});

it.each(['node', 'fetch'] as const)('`delivery.timeout` says otherwise: %s', async (transport) => {
  const collector = await startCollector({ behaviour: () => 'hang' });
  onTestFinished(() => collector.close());
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    delivery: { timeout: 50 },
    transport,
    logger: false,
  });
  onTestFinished(async () => void (await convert.close({ timeout: 0 })));
  (await convert.forVisitor('v1')).trackConversion('purchase');
  await until(() => convert.stats().delivery.lastError?.includes('ETIMEDOUT') === true);
});

describe('the end of a process', () => {
  /** Says what it was asked for. */
  function instance(): { asked: string[]; flush: Work; close: Work; stats: () => Stats } {
    const asked: string[] = [];
    const note =
      (name: string): Work =>
      async ({ timeout }) =>
        void asked.push(`${name} ${timeout}`);
    const stats = (): Stats => ({ delivery: { accepted: 0 } });
    return { asked, flush: note('flush'), close: note('close'), stats };
  }
  type Stats = { delivery: { accepted: number } };
  type Work = (options: { timeout: number }) => Promise<void>;

  it('is held up for 2 s where nothing is left to do', () => {
    const each = instance();
    const others = process.listeners('beforeExit');
    onTestFinished(drainBeforeExit(each));
    const ours = process.listeners('beforeExit').filter((listener) => !others.includes(listener));
    for (const listener of ours) listener(0);
    expect(each.asked).toEqual(['flush 2000']);
  });

  it('is held up for 5 s by a signal', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const each = instance();
    const others = process.listeners('SIGTERM');
    onTestFinished(closeOnSignals(each));
    onTestFinished(() => kill.mockRestore());
    const [ours] = process.listeners('SIGTERM').filter((listener) => !others.includes(listener));
    // As if nobody else listened, whatever the runner of this test does.
    for (const listener of others) process.off('SIGTERM', listener);
    onTestFinished(() => others.forEach((listener) => process.on('SIGTERM', listener)));
    ours!('SIGTERM');
    await turns(2);
    expect(each.asked).toEqual(['close 5000']);
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGTERM');
  });
});
