/**
 * Whether memory stays what it is: a million visitors who never come back, each with a cookie, an exposure and a
 * delivery, through everything but HTTP. The heap is measured after a full garbage collection.
 */
import { startChild } from './support/children.js';
import { printTable } from './support/table.js';

export const name = 'heap';
export const description = 'the heap after a million new visitors';

/** The first of them fill the store, which remembers 100,000. */
const STEP = 100_000;
const STEPS = { quick: 4, full: 10 };

export async function run({ quick = false } = {}) {
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const visitors = startChild(new URL('./heap/visitors.js', import.meta.url), {
    args: [await collector.ask('listen')],
    execArgv: ['--expose-gc'],
  });
  try {
    const rows = [{ visitors: 0, ...(await visitors.ask('measure')) }];
    for (let step = 1; step <= (quick ? STEPS.quick : STEPS.full); step += 1) {
      await visitors.ask('come', { count: STEP });
      rows.push({ visitors: step * STEP, ...(await visitors.ask('measure')) });
    }
    printTable(
      ['visitors', 'heap MB', 'external MB', 'exposures delivered', 'CPU us each'],
      rows.map((row) => [
        String(row.visitors),
        megabytes(row.heapUsed),
        megabytes(row.external),
        String(row.delivered),
        row.visitors === 0 ? '' : (row.cpu / STEP).toFixed(1),
      ]),
    );
  } finally {
    await Promise.all([visitors.stop(), collector.stop()]);
  }
}

const megabytes = (bytes) => (bytes / 1024 / 1024).toFixed(1);
