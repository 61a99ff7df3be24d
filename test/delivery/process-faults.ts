/** What every outbox must bear that outlives its process; each event is counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { CollectorOptions } from '../support/collector.js';
import {
  BATCH,
  type Bench,
  DRAIN,
  HEALTHY_LEASE,
  idsOf,
  type Keep,
  LEASE,
  LOAD,
  named,
  processBench,
} from './process-bench.js';

type MakeKeep = (lease?: number) => Promise<Keep>;

/** What a process leaves that is killed, in small cases. */
export function processFaults(name: string, source: string, makeKeep: MakeKeep): void {
  const bench = benchOf(source, makeKeep);
  describe(`${name} in processes`, () => {
    killed(bench, 1);

    it('sends nothing of visitors who were forgotten by another process, of what a killed one has left', async () => {
      const { collector, run, rest } = await bench({ behaviour: () => 'hang' });
      const dead = run(
        'dead',
        `send(300); await until(() => outbox.stats().volatile === 0); say('stored'); setInterval(() => {}, 1000);`,
      );
      await dead.said('stored');
      dead.kill('SIGKILL');
      await dead.ended;
      // It has said that they are forgotten, and can do nothing more about it.
      const other = run(
        'other',
        `await outbox.forget(['dead-60', 'dead-299', 'nobody']);
         process.kill(process.pid, 'SIGKILL');
         setInterval(() => {}, 1000);`,
      );
      await other.ended;
      const underWay = idsOf(collector);
      expect(underWay).not.toContain('dead-299');
      collector.change({ behaviour: () => 'answer' });
      const { output } = await run(
        'heir',
        `outbox.offer([{ visitorId: 'dead-60', event: { eventType: 'bucketing', data: { experienceId: 'new' } } }]).confirm();
         ${DRAIN}`,
      ).ended;
      // On a slow machine, the process that forgets has taken over the events of the dead one, and dropped them itself.
      expect(output.trim()).toMatch(/^balanced 0 [02]$/);
      const later = idsOf(collector).slice(underWay.length);
      const left = named('dead', 300).filter((id) => id !== 'dead-60' && id !== 'dead-299');
      expect(later.toSorted()).toEqual([...left, 'dead-60'].toSorted());
      const [back] = collector.events.filter(({ visitorId }) => visitorId === 'dead-60').slice(-1);
      expect(back?.data).toMatchObject({ experienceId: 'new' });
      expect((await rest()).filter((name) => !name.endsWith('.forgotten'))).toEqual([]);
    });
  });
}

/** Kills by the dozen, stops, and tens of thousands of events: for the slow tier. */
export function processLoad(name: string, source: string, makeKeep: MakeKeep): void {
  const bench = benchOf(source, makeKeep);
  describe(`${name} in processes`, () => {
    killed(bench, 20);
    wasStopped(bench);
    shared(bench);
    endsOnSigterm(bench, 'spooled');
    endsOnSigterm(bench, 'memory');
  });
}

type MakeBench = (how: CollectorOptions, lease?: number) => Promise<Bench & Pick<Keep, 'rest'>>;

const benchOf =
  (source: string, makeKeep: MakeKeep): MakeBench =>
  async (how, lease) => {
    const keep = await makeKeep(lease);
    return { ...(await processBench(source, keep, how)), rest: keep.rest };
  };

function killed(bench: MakeBench, kills: number): void {
  it(
    `loses nothing that was stored when its process is killed under load, ${kills} time${kills === 1 ? '' : 's'}`,
    { timeout: 120_000 },
    async () => {
      const { collector, run, rest } = await bench({ delay: 20 });
      const safe = new Map<string, number>();
      for (let kill = 0; kill < kills; kill++) {
        const child = run(`r${kill}`, LOAD);
        await child.said('up');
        // The first one has stored something, however slow the machine is.
        if (kill === 0) await vi.waitUntil(() => /^safe \d{3}/m.test(child.output()), 30_000);
        // Some live long enough to take over from those before, and are killed in the middle of that.
        await sleep(Math.random() * (kill % 4 === 3 ? 4 * LEASE : 300));
        child.kill('SIGKILL');
        const { output } = await child.ended;
        const counts = [...output.matchAll(/^safe (\d+)$/gm)].map(([, count]) => Number(count));
        safe.set(`r${kill}`, Math.max(0, ...counts));
      }
      const { output } = await run('last', DRAIN).ended;
      expect(output.trim().split('\n').at(-1)).toBe('balanced 0 0');

      const ids = idsOf(collector);
      const arrived = new Set(ids);
      expect(arrived.size).toBeGreaterThan(15 * kills);
      for (const [name, count] of safe) {
        expect(named(name, count).filter((id) => !arrived.has(id))).toEqual([]);
      }
      // Only what was under way at a kill may have come twice, and what the disk had not yet been told of.
      expect(ids.length - arrived.size).toBeLessThanOrEqual(kills * 5 * BATCH);
      expect(await rest()).toEqual([]);
    },
  );
}

function wasStopped(bench: MakeBench): void {
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
}

/** The outbox of `memory` keeps its events there. */
function endsOnSigterm(bench: MakeBench, name: 'memory' | 'spooled'): void {
  it(`ends in time on SIGTERM under load, with a ledger that adds up: ${name}`, async () => {
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
  });
}

function shared(bench: MakeBench): void {
  const processes = 4;
  const each = 10_000;
  it(
    `that ${processes} processes share brings ${(processes * each).toLocaleString('en')} events, each exactly once`,
    { timeout: 120_000 },
    async () => {
      const { collector, run, rest } = await bench({ delay: 20 }, HEALTHY_LEASE);
      const workers = Array.from({ length: processes }, (_, n) =>
        run(
          `w${n}`,
          `while (sent < ${each}) { send(20); await sleep(0); }
           await outbox.flush(60_000);
           const ledger = await outbox.close(5000);
           say(isBalanced(ledger), ledger.delivered);`,
        ),
      );
      const outputs = await Promise.all(workers.map(({ ended }) => ended));
      const counts = outputs.map(({ output }) => Number(/^true (\d+)$/.exec(output.trim())?.[1]));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(processes * each);
      const ids = idsOf(collector);
      expect(ids).toHaveLength(processes * each);
      expect(new Set(ids).size).toBe(processes * each);
      expect(await rest()).toEqual([]);
    },
  );
}
