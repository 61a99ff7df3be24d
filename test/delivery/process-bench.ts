/** Outboxes in processes of their own, which can be killed and stopped. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Child, startChild } from '../support/child.js';
import { type Collector, type CollectorOptions, startCollector } from '../support/collector.js';

/** Milliseconds: dead processes are found sooner than in production. */
export const LEASE = 400;
/** Of processes that nobody stops: a busy machine must not take one for dead. */
export const HEALTHY_LEASE = 30_000;
export const BATCH = 50;

/** Where the events of one test are kept. */
export interface Keep {
  /**
   * The part of a module that has the factory of outboxes as `kept`, for the process of this `name`; `source` is the
   * folder of the sources as JavaScript.
   */
  readonly code: (source: string) => string;
  /** What is left there. */
  readonly rest: () => Promise<readonly string[]>;
}

export interface Bench {
  readonly collector: Collector;
  /** A process with `outbox`, `send(count)`, `say`, `sleep` and `until`; its events are named after `name`. */
  readonly run: (name: string, body: string) => Child;
}

export async function processBench(source: string, keep: Keep, how: CollectorOptions = {}): Promise<Bench> {
  const collector = await startCollector(how);
  onTestFinished(() => collector.close());
  return {
    collector,
    run: (name, body) =>
      startChild(`
        import { memoryOutbox } from ${JSON.stringify(join(source, 'delivery/memory-outbox.js'))};
        import { httpTransport } from ${JSON.stringify(join(source, 'delivery/transports/http.js'))};
        const name = ${JSON.stringify(name)};
        ${keep.code(source)}
        const say = (...words) => console.log(words.join(' '));
        const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const until = async (condition) => { while (!condition()) await sleep(2); };
        const outbox = (name === 'memory' ? memoryOutbox : kept)({
          transport: httpTransport(),
          destination: () => ({ accountId: '1', projectId: '2', url: ${JSON.stringify(collector.url)} }),
          listener: { delivered() {}, dropped() {}, error: (error) => say(error.code), recovered() {} },
          maxBatchEvents: ${BATCH}, lingerMs: 5, backoff: { min: 5, max: 50 },
        });
        let sent = 0;
        const send = (count) => {
          for (let n = 0; n < count; n++) {
            const data = { experienceId: '1', variationId: '2' };
            const event = { visitorId: name + '-' + sent++, event: { eventType: 'bucketing', data } };
            outbox.offer([event]).confirm();
          }
        };
        const isBalanced = ({ accepted, delivered, pending, spooled, rejected, dropped }) =>
          accepted === delivered + pending + spooled + rejected + dropped;
        ${body}
      `),
  };
}

export const idsOf = ({ events }: Collector): string[] => events.map(({ visitorId }) => visitorId);
export const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`);

/** Sends for ever, and says how many of its events would survive it. */
export const LOAD = `
  say('up');
  for (;;) { send(10); await sleep(1); say('safe', sent - outbox.stats().volatile); }`;
/** Takes over what the dead have left, until there is nothing more. */
export const DRAIN = `
  await sleep(${3 * LEASE});
  for (let before = -1; before !== outbox.ledger().accepted;) {
    before = outbox.ledger().accepted;
    await outbox.flush(20_000);
    await sleep(${LEASE});
  }
  const ledger = await outbox.close(5000);
  say(isBalanced(ledger) ? 'balanced' : 'unbalanced', ledger.spooled, ledger.dropped);`;
