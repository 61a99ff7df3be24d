/**
 * Whether memory stays what it is: a million visitors who never come back, each with a cookie, an exposure and a
 * delivery, through everything but HTTP. The heap is measured after a full garbage collection. Against another build,
 * visitors come, too, whose id this process does not know, as after a restart: they are remembered longer than new
 * ones. And they come while the endpoint is down: their events wait, up to the bound of the queue.
 */
import { compareBuilds } from './support/against.js';
import { startChild } from './support/children.js';
import { printTable } from './support/table.js';

export const name = 'heap';
export const description = 'the heap after a million new visitors';

/** The first of them fill the store, which remembers 100,000. */
const STEP = 100_000;
const STEPS = { quick: 4, full: 10 };

/** Against another build: shorter steps, so that there are many; how many of them. */
const AGAINST = { step: 25_000, steps: { quick: 8, full: 16 } };
const KINDS = {
  new: 'new visitors',
  unknown: 'visitors with an unknown id',
  waiting: 'an endpoint that is down',
};
/** Nobody listens there. */
const DOWN = 'http://127.0.0.1:1/';

export async function run({ quick = false } = {}) {
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const visitors = startVisitors(await collector.ask('listen'), 'new');
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

/** This build and another one, whose visitors come in turns. */
export async function runAgainst({ against, quick = false }) {
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const track = await collector.ask('listen');
  const { step, steps } = AGAINST;
  const rounds = quick ? steps.quick : steps.full;
  const start = async (kind, { build }) => {
    const isDown = kind === 'waiting';
    const visitors = startVisitors(isDown ? DOWN : track, kind, build);
    let come = 0;
    return {
      async block() {
        await visitors.ask('come', { count: step });
        const { heapUsed, external, cpu, delivered } = await visitors.ask('measure');
        come += step;
        if (delivered !== (isDown ? 0 : come))
          throw new Error(`${delivered} of ${come} exposures were delivered`);
        // One sum: a build may keep in buffers what another one keeps in the heap.
        const memory = (heapUsed + external) / MEGABYTE;
        const ends = come === STEP || come === rounds * step;
        return {
          'CPU us each': cpu / step,
          'heap and buffers MB': memory,
          // What grows shows at the end.
          ...(ends && { [`heap and buffers MB after ${come}`]: memory }),
        };
      },
      stop: () => visitors.stop(),
    };
  };
  const subjects = Object.entries(KINDS).map(([kind, title]) => ({
    title,
    start: (lane) => start(kind, lane),
  }));
  await compareBuilds({ against, subjects, seconds: Infinity, minRounds: rounds, maxRounds: rounds });
  await collector.stop();
}

const startVisitors = (track, kind, build) =>
  startChild(new URL('./heap/visitors.js', import.meta.url), {
    args: [track, kind],
    execArgv: ['--expose-gc'],
    build,
  });

const MEGABYTE = 1024 * 1024;
const megabytes = (bytes) => (bytes / MEGABYTE).toFixed(1);
