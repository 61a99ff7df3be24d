/** The spool under processes that are killed, stopped, exit, run out of disk, and share one folder. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startChild, type Child } from '../support/child.js';
import { startCollector, type Collector, type CollectorOptions } from '../support/collector.js';
import { transpiledDelivery } from '../support/transpiled.js';

const source = transpiledDelivery();
/** Milliseconds: dead processes are found sooner than in production. */
const LEASE = 400;
const BATCH = 50;

/** What processes have left: leases and logs. */
const logsIn = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((name) => !name.endsWith('.folder'));

interface Bench {
  collector: Collector;
  path: string;
  /** A process with `outbox`, `send(count)`, `say`, `sleep` and `until`; its events are named after `name`. */
  run: (name: string, body: string) => Child;
}

async function bench(how: CollectorOptions = {}, given?: string): Promise<Bench> {
  const collector = await startCollector(how);
  const path = given ?? (await mkdtemp(join(tmpdir(), 'convert-spool-')));
  onTestFinished(async () => {
    await collector.close();
    if (given === undefined) await rm(path, { recursive: true, force: true });
  });
  return {
    collector,
    path,
    run: (name, body) =>
      startChild(`
        import { spoolOutbox } from ${JSON.stringify(join(source.path, 'delivery/spool-outbox.js'))};
        import { memoryOutbox } from ${JSON.stringify(join(source.path, 'delivery/memory-outbox.js'))};
        import { httpTransport } from ${JSON.stringify(join(source.path, 'delivery/http-transport.js'))};
        const say = (...words) => console.log(words.join(' '));
        const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const until = async (condition) => { while (!condition()) await sleep(2); };
        const spool = spoolOutbox(${JSON.stringify(path)}, { beat: ${LEASE / 8}, lease: ${LEASE} });
        const outbox = (${JSON.stringify(name)} === 'memory' ? memoryOutbox : spool)({
          transport: httpTransport(),
          destination: () => ({ accountId: '1', projectId: '2', url: ${JSON.stringify(collector.url)} }),
          listener: { delivered() {}, dropped() {}, error: (error) => say(error.code), recovered() {} },
          maxBatchEvents: ${BATCH}, lingerMs: 5, backoff: { min: 5, max: 50 },
        });
        let sent = 0;
        const send = (count) => {
          for (let n = 0; n < count; n++) {
            const data = { experienceId: '1', variationId: '2' };
            const event = { visitorId: ${JSON.stringify(name)} + '-' + sent++, event: { eventType: 'bucketing', data } };
            outbox.offer([event]).confirm();
          }
        };
        const isBalanced = ({ accepted, delivered, pending, spooled, rejected, dropped }) =>
          accepted === delivered + pending + spooled + rejected + dropped;
        ${body}
      `),
  };
}

const idsOf = ({ events }: Collector): string[] => events.map(({ visitorId }) => visitorId);
const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`);

/** Sends for ever, and says how many of its events would survive it. */
const LOAD = `
  say('up');
  for (;;) { send(10); await sleep(1); say('safe', sent - outbox.stats().volatile); }`;
/** Takes over what the dead have left, until there is nothing more. */
const DRAIN = `
  await sleep(${3 * LEASE});
  for (let before = -1; before !== outbox.ledger().accepted;) {
    before = outbox.ledger().accepted;
    await outbox.flush(20_000);
    await sleep(${LEASE});
  }
  const ledger = await outbox.close(5000);
  say(isBalanced(ledger) ? 'balanced' : 'unbalanced', ledger.spooled, ledger.dropped);`;

describe('a spool', () => {
  it(
    'loses nothing that was stored when its process is killed under load, 20 times',
    { timeout: 120_000 },
    async () => {
      const { collector, path, run } = await bench({ delay: 20 });
      const safe = new Map<string, number>();
      for (let kill = 0; kill < 20; kill++) {
        const child = run(`r${kill}`, LOAD);
        await child.said('up');
        // Some live long enough to take over from those before, and are killed in the middle of that.
        await sleep(Math.random() * (kill % 4 === 3 ? 4 * LEASE : 300));
        child.kill('SIGKILL');
        const { output } = await child.ended;
        const counts = [...output.matchAll(/^safe (\d+)$/gm)].map(([, count]) => Number(count));
        safe.set(`r${kill}`, Math.max(0, ...counts));
      }
      const { output } = await run('last', DRAIN).ended;
      expect(output.trim()).toBe('balanced 0 0');

      const ids = idsOf(collector);
      const arrived = new Set(ids);
      expect(arrived.size).toBeGreaterThan(1000);
      for (const [name, count] of safe) {
        expect(named(name, count).filter((id) => !arrived.has(id))).toEqual([]);
      }
      // Only what was under way at a kill may have come twice.
      expect(ids.length - arrived.size).toBeLessThanOrEqual(20 * BATCH);
      expect(await logsIn(join(path, '1-2'))).toEqual([]);
    },
  );

  it('of a process that was stopped for long is sent by another one, and each goes on', async () => {
    const { collector, run } = await bench({ delay: 20 });
    collector.change({ status: () => 503 });
    const stopped = run(
      'stopped',
      `send(200); await until(() => outbox.stats().volatile === 0); say('stored');
       await sleep(500);
       send(100);
       await outbox.flush(20_000);
       const ledger = await outbox.close(2000);
       say(isBalanced(ledger) ? 'balanced' : 'unbalanced', ledger.dropped);`,
    );
    await stopped.said('stored');
    stopped.kill('SIGSTOP');
    collector.change({ status: () => 200 });
    const { output } = await run('heir', DRAIN).ended;
    expect(output.trim()).toBe('balanced 0 0');
    expect(new Set(idsOf(collector))).toEqual(new Set(named('stopped', 200)));
    stopped.kill('SIGCONT');
    expect((await stopped.ended).output.trim().split('\n').at(-1)).toBe('balanced 0');
    const ids = idsOf(collector);
    expect(new Set(ids)).toEqual(new Set(named('stopped', 300)));
    // What was under way when it was stopped may have come twice.
    expect(ids.length).toBeLessThanOrEqual(300 + BATCH);
  });

  it.each(['memory', 'spooled'])(
    'ends in time on SIGTERM under load, with a ledger that adds up: %s',
    async (name) => {
      const { collector, run } = await bench({ delay: 20 });
      const child = run(
        name,
        `process.once('SIGTERM', async () => {
           const ledger = await outbox.close(2000);
           say(isBalanced(ledger) ? 'balanced' : 'unbalanced', ledger.delivered, ledger.spooled, ledger.pending);
           process.exit(0);
         });
         ${LOAD}`,
      );
      await child.said('up');
      await sleep(300);
      child.kill('SIGTERM');
      const { code, output } = await child.ended;
      expect(code).toBe(0);
      const last = output
        .trim()
        .split('\n')
        .findLast((line) => line.includes('balanced'));
      const [, delivered, spooled] = /^balanced (\d+) (\d+) 0$/.exec(last ?? '') ?? [];
      // What was delivered is what arrived, each once.
      const ids = idsOf(collector);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThanOrEqual(Number(delivered));
      expect(Number(delivered) + Number(spooled)).toBeGreaterThan(0);
    },
  );

  it('has what was accepted right before process.exit()', async () => {
    const { collector, run } = await bench({ behaviour: () => 'hang' });
    const exits = run(
      'exits',
      `send(1); await until(() => outbox.stats().volatile === 0); send(40_000); process.exit(3);`,
    );
    expect((await exits.ended).code).toBe(3);
    collector.change({ behaviour: () => 'answer' });
    await run('next', DRAIN).ended;
    expect(idsOf(collector)).toEqual(named('exits', 40_001));
  });

  it('that four processes share brings 40,000 events, each exactly once', { timeout: 120_000 }, async () => {
    const { collector, path, run } = await bench({ delay: 20 });
    const workers = ['w0', 'w1', 'w2', 'w3'].map((name) =>
      run(
        name,
        `while (sent < 10_000) { send(20); await sleep(0); }
         await outbox.flush(60_000);
         const ledger = await outbox.close(5000);
         say(isBalanced(ledger), ledger.delivered);`,
      ),
    );
    for (const { ended } of workers) expect((await ended).output.trim()).toBe('true 10000');
    const ids = idsOf(collector);
    expect(ids).toHaveLength(40_000);
    expect(new Set(ids).size).toBe(40_000);
    expect(await logsIn(join(path, '1-2'))).toEqual([]);
  });
});

/** A file system of 1 MiB; undefined where this user can not make one. */
async function smallDisk(): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'convert-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    await rm(path, { recursive: true });
    return undefined;
  }
  onTestFinished(async () => {
    execFileSync('umount', ['-l', path]);
    await rm(path, { recursive: true });
  });
  return path;
}

it('a spool on a disk that is full goes on in memory, and on the disk once there is room', async (context) => {
  const disk = await smallDisk();
  if (disk === undefined) {
    // A laptop's user may not; what runs for a release must.
    expect(process.env.CI).not.toBe('true');
    return context.skip('this user can not mount a file system');
  }
  const { collector, run } = await bench({ status: () => 503 }, disk);
  const child = run(
    'full',
    `send(20_000); await until(() => outbox.stats().volatile > 0 && outbox.stats().retries > 2);
     say('full');
     await outbox.flush(20_000);
     send(100);
     await until(() => outbox.stats().volatile === 0);
     const ledger = await outbox.close(5000);
     say(isBalanced(ledger) ? 'balanced' : 'unbalanced', ledger.dropped);`,
  );
  await child.said('CONVERT_SPOOL');
  await child.said('full');
  collector.change({ status: () => 200 });
  expect((await child.ended).output.trim().split('\n').at(-1)).toBe('balanced 0');
  expect(idsOf(collector)).toEqual(named('full', 20_100));
});

it('a spool in a folder that can not be made works in memory', async () => {
  const path = await mkdtemp(join(tmpdir(), 'convert-spool-'));
  onTestFinished(() => rm(path, { recursive: true }));
  await mkdir(join(path, 'there'));
  execFileSync('touch', [join(path, 'file')]);
  const { collector, run } = await bench({}, join(path, 'file'));
  const child = run('ro', `send(5); await outbox.flush(5000); await until(() => false);`);
  await child.said('CONVERT_SPOOL');
  await collector.waitFor((seen) => seen.events.length === 5);
  child.kill('SIGKILL');
});
