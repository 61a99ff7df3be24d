/** What an event costs the outbox: without HTTP, in a process for each outbox. */
import { join } from 'node:path';
import { compareBuilds } from '../support/against.js';
import { startChild } from '../support/children.js';
import { compare, median, randomFrom, shuffled, spreadOf } from '../support/statistics.js';
import { printTable } from '../support/table.js';
import { comparison, percent } from './comparison.js';
import { OURS, SETTINGS, VARIANTS } from './variants.js';

/** Events per block; blocks. */
const BLOCK = 20_000;
const WARM_UP = 2;
const ROUNDS = { quick: 10, full: 25 };
/** Against another build: seconds, and events per block: short ones, so that there are many. */
const AGAINST = { seconds: { quick: 15, full: 70 }, block: 5_000 };

/** Our outboxes in this build and in another one. */
export async function compareOutboxes(against, folder, length) {
  const { seconds, block } = AGAINST;
  const collector = startChild(new URL('../heap/swallow.js', import.meta.url));
  const track = await collector.ask('listen');
  const start = async (variant, { build, id }) => {
    const { child } = await beginOutbox(variant, { track, folder, build, sender: `${variant.id}-${id}` });
    return {
      async block() {
        const times = await child.ask('block', { count: block });
        return { 'CPU us': times.cpu, 'us of the event loop, median': times.median };
      },
      stop: () => child.stop(),
    };
  };
  const subjects = OURS.map((variant) => ({
    title: `outbox, ${variant.title}`,
    start: (lane) => start(variant, lane),
  }));
  await compareBuilds({ against, subjects, seconds: seconds[length] });
  await collector.stop();
}

export async function measureOutboxes(folder, length) {
  const rounds = ROUNDS[length];
  const collector = startChild(new URL('../heap/swallow.js', import.meta.url));
  const runs = [];
  try {
    const track = await collector.ask('listen');
    for (const variant of VARIANTS.filter(({ delivery }) => delivery !== undefined)) {
      runs.push(await beginOutbox(variant, { track, folder }));
    }
    const random = randomFrom(7);
    for (let round = 0; round < rounds; round += 1) {
      for (const run of shuffled(runs, random)) {
        const times = await run.child.ask('block', { count: BLOCK });
        for (const each of ['median', 'slow', 'cpu']) run[each].push(times[each]);
      }
    }
    reportOutboxes(runs, rounds);
  } finally {
    await Promise.all([...runs.map(({ child }) => child), collector].map((child) => child.stop()));
  }
}

async function beginOutbox(variant, { track, folder, build, sender = variant.id }) {
  const child = startChild(new URL('./outbox.js', import.meta.url), {
    args: [variant.id, `${track}/${sender}/`, join(folder, `outbox-${sender}`)],
    execArgv: SETTINGS,
    build,
  });
  for (let warm = 0; warm < WARM_UP; warm += 1) await child.ask('block', { count: BLOCK });
  return { variant, child, median: [], slow: [], cpu: [] };
}

function reportOutboxes(runs, rounds) {
  const [memory, again] = runs;
  const spread = spreadOf(compare(memory.cpu, again.cpu));
  console.log(`\noutbox: ${rounds} blocks of ${BLOCK} events; A/A spread of the CPU ${percent(spread)}\n`);
  printTable(
    ['variant', 'events', 'median us', '95th us', 'CPU us', 'ratio', '95%', ''],
    runs.map((run) => [
      run.variant.title,
      String(rounds * BLOCK),
      median(run.median).toFixed(2),
      median(run.slow).toFixed(2),
      median(run.cpu).toFixed(2),
      ...comparison(memory, run, 'cpu', spread),
    ]),
  );
  console.log(
    '\nOne exposure of one new visitor, 20 in a turn of the event loop, without HTTP. Median, 95th percentile: of the time of ' +
      'the\nevent loop, with the decision and the commit, which are all that there is where the outbox does nothing; as in the ' +
      'median\nblock. CPU: of all threads of the process, per event, until all of a block is delivered to a collector that ' +
      'answers at once.\nRatio: of the CPU, in memory / variant.',
  );
}
