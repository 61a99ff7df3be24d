/** The spool under processes that are killed, stopped, exit, run out of disk, and share one folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import { mounted } from '../../support/disk.js';
import { temporaryFolder } from '../../support/folder.js';
import { transpiledSources } from '../../support/transpiled.js';
import { idsOf, named, processBench } from '../process-bench.js';
import { processFaults } from '../process-faults.js';
import { freshSpool, hasWhatWasAccepted, spoolAt } from './spool-process.js';

const source = transpiledSources();

processFaults('a spool', source, freshSpool);

hasWhatWasAccepted(source, 2_000);

it('a spool on a disk that is full goes on in memory, and on the disk once there is room', async (context) => {
  const disk = await mounted('size=256k', context);
  const { collector, run } = await processBench(source, spoolAt(disk), { status: () => 503 });
  const child = run(
    'full',
    `send(5_000); await until(() => outbox.stats().volatile > 0 && outbox.stats().retries > 2);
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
  expect(idsOf(collector)).toEqual(named('full', 5_100));
});

/** What no folder can be made below. */
const UNFIT = {
  'on a disk that is read-only': (context: TestContext) => mounted('ro', context),
  async 'below a file'() {
    const path = temporaryFolder('spool');
    await writeFile(join(path, 'file'), '');
    return join(path, 'file');
  },
};

it.for(Object.entries(UNFIT))('a spool %s works in memory', async ([, place], context) => {
  const { collector, run } = await processBench(source, spoolAt(join(await place(context), 'spool')));
  const child = run('ro', `send(5); await outbox.flush(30_000); await until(() => false);`);
  await child.said('CONVERT_SPOOL');
  await collector.waitFor((seen) => seen.events.length === 5);
  child.kill('SIGKILL');
});
