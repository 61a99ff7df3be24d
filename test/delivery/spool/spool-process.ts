/** Spools for tests that run them in processes of their own. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folder.js';
import { DRAIN, idsOf, type Keep, LEASE, named, processBench } from '../process-bench.js';

export const spoolAt = (path: string, lease = LEASE): Keep => ({
  code: (folder) => `
    import { spoolOutbox } from ${JSON.stringify(join(folder, 'delivery/spool/spool-outbox.js'))};
    const kept = spoolOutbox(${JSON.stringify(path)}, { beat: ${LEASE / 8}, lease: ${lease} });`,
  // Leases and logs.
  rest: async () => (await readdir(join(path, '1-2'))).filter((each) => !each.endsWith('.folder')),
});

export const freshSpool = async (lease?: number): Promise<Keep> => spoolAt(temporaryFolder('spool'), lease);

export function hasWhatWasAccepted(source: string, count: number): void {
  it('a spool has what was accepted right before process.exit()', async () => {
    const { collector, run } = await processBench(source, await freshSpool(), {
      behaviour: () => 'hang',
    });
    const exits = run(
      'exits',
      `send(1); await until(() => outbox.stats().volatile === 0); send(${count}); process.exit(3);`,
    );
    expect((await exits.ended).code).toBe(3);
    collector.change({ behaviour: () => 'answer' });
    await run('next', DRAIN).ended;
    expect(idsOf(collector)).toEqual(named('exits', count + 1));
  });
}
