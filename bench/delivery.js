/**
 * What arrives of what was seen, and what it takes to get it there. First whole apps under load, against one collector:
 * each variant is an Express app in a process of its own, and blocks of requests alternate between them as in the http
 * bench. Then the outboxes alone. Nothing is compared between two runs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEFT_OUT, VARIANTS } from './delivery/variants.js';
import { startChild } from './support/children.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { printTable } from './support/table.js';

export const name = 'delivery';
export const description =
  'what arrives at the collector, at which throughput; what an event costs the outbox';

const BLOCK = 1000;
/** Requests before each block, which are not measured: a process that has rested takes its time to come to speed. */
const RUN_UP = 200;
/** Blocks that compile the code. */
const WARM_UP = { quick: 4, full: 8 };
/** Seconds of rounds. */
const BUDGET = { quick: 15, full: 55 };
const MIN_ROUNDS = 16;
/** As in the http bench. */
const SETTINGS = ['--initial-heap-size=256', '--enable-source-maps'];
/** Milliseconds for what nobody can wait for: the SDK does not tell when a batch has arrived. */
const LATE = 2_000;

/** Events per block; blocks. */
const ENQUEUED = 20_000;
const ENQUEUE_WARM_UP = 2;
const ENQUEUE_ROUNDS = { quick: 10, full: 25 };

export async function run({ quick = false } = {}) {
  const length = quick ? 'quick' : 'full';
  if (LEFT_OUT.length > 0) console.log(`\nleft out: ${LEFT_OUT.join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'convert-bench-'));
  try {
    await measureApps({ folder, warmUp: WARM_UP[length], budget: BUDGET[length] });
    await measureOutboxes({ folder, rounds: ENQUEUE_ROUNDS[length] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureApps({ folder, warmUp, budget }) {
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  const load = startChild(new URL('./http/load.js', import.meta.url));
  const runs = [];
  try {
    const url = await collector.ask('listen');
    for (const variant of VARIANTS) {
      const server = startChild(new URL('./delivery/server.js', import.meta.url), {
        args: [variant.id, url, join(folder, `app-${variant.id}`)],
        execArgv: SETTINGS,
      });
      const run = { variant, server, cpu: [], wall: [], rounds: [], due: 0 };
      runs.push(run);
      run.port = await server.ask('start');
    }
    for (const run of runs) {
      const blocks = Math.ceil(warmUp / (run.variant.every ?? 1));
      for (let block = 0; block < blocks; block += 1) await visit(run, load);
    }

    const random = randomFrom(7);
    const started = performance.now();
    let rounds = 0;
    while (rounds < MIN_ROUNDS || performance.now() - started < budget * 1000) {
      const due = runs.filter(({ variant }) => rounds % (variant.every ?? 1) === 0);
      for (const run of shuffled(due, random)) {
        const { cpu, wall } = await visit(run, load);
        run.cpu.push(cpu);
        run.wall.push(wall);
        run.rounds.push(rounds);
      }
      rounds += 1;
    }
    await sleep(LATE);
    reportApps(runs, rounds, await collector.ask('counts'));
  } finally {
    await Promise.all([...runs.map(({ server }) => server), load, collector].map((child) => child.stop()));
  }
}

/** Every visitor is new, and meets one experience. */
async function visit(run, load) {
  const { size = BLOCK, runUp = RUN_UP, limit } = run.variant;
  const block = async (count) => {
    const done = await load.ask('block', { port: run.port, count, mix: 'new', limit, expectsCookie: true });
    run.due += done.newVisitors;
    return done;
  };
  await block(runUp);
  await run.server.ask('settle');
  await run.server.ask('begin');
  const { requests, seconds } = await block(size);
  return { cpu: (await run.server.ask('end')) / requests, wall: seconds / requests };
}

function reportApps(runs, rounds, counts) {
  const [memory, again] = runs;
  const spread = spreadOf(compare(memory.wall, again.wall));
  console.log(
    `\nexpress: ${rounds} rounds of ${BLOCK} new visitors per variant; A/A spread ${percent(spread)}\n`,
  );
  printTable(
    [
      'variant',
      'exposures due',
      'delivered',
      'lost',
      'doubled',
      'POSTs',
      'requests/s',
      'ratio',
      '95%',
      '',
      'CPU us',
    ],
    runs.map((run) => {
      const sent = counts.find(({ sender }) => sender === run.variant.id);
      const { visitors = 0, events = 0, posts = 0 } = sent ?? {};
      return [
        run.variant.title,
        String(run.due),
        String(visitors),
        String(run.due - visitors),
        String(events - visitors),
        String(posts),
        Math.round(1 / undisturbed(run.wall)).toString(),
        ...comparison(memory, run, 'wall', spread),
        undisturbed(run.cpu).toFixed(1),
      ];
    }),
  );
  console.log(
    '\nThe collector answers after 20 ms. Delivered: visitors whose exposure arrived; doubled: exposures that arrived beyond ' +
      'that.\nRequests/s and CPU of the server process per request: of the less disturbed quarter of the blocks. Ratio: its ' +
      'throughput /\nours in memory, and where it lies with 95% certainty; inside the A/A spread it says nothing: "no ' +
      'difference". After each\nblock everybody is given the time to send what waits, the SDK too, which by itself does not ' +
      'say when it has.',
  );
}

async function measureOutboxes({ folder, rounds }) {
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const runs = [];
  try {
    const track = await collector.ask('listen');
    for (const variant of VARIANTS.filter(({ delivery }) => delivery !== undefined)) {
      const child = startChild(new URL('./delivery/outbox.js', import.meta.url), {
        args: [variant.id, `${track}/${variant.id}/`, join(folder, `outbox-${variant.id}`)],
        execArgv: SETTINGS,
      });
      runs.push({ variant, child, median: [], slow: [], cpu: [] });
    }
    const block = (run) => run.child.ask('block', { count: ENQUEUED });
    for (const run of runs) {
      for (let warm = 0; warm < ENQUEUE_WARM_UP; warm += 1) await block(run);
    }
    const random = randomFrom(7);
    for (let round = 0; round < rounds; round += 1) {
      for (const run of shuffled(runs, random)) {
        const { median, slow, cpu } = await block(run);
        run.median.push(median);
        run.slow.push(slow);
        run.cpu.push(cpu);
      }
    }
    reportOutboxes(runs, rounds, await runs[0].child.ask('clock'));
  } finally {
    await Promise.all([...runs.map(({ child }) => child), collector].map((child) => child.stop()));
  }
}

function reportOutboxes(runs, rounds, clock) {
  const [memory, again] = runs;
  const spread = spreadOf(compare(memory.cpu, again.cpu));
  console.log(`\noutbox: ${rounds} blocks of ${ENQUEUED} events; A/A spread of the CPU ${percent(spread)}\n`);
  printTable(
    ['variant', 'events', 'median us', '95th us', 'CPU us', 'ratio', '95%', ''],
    runs.map((run) => [
      run.variant.title,
      String(rounds * ENQUEUED),
      medianOf(run.median).toFixed(2),
      medianOf(run.slow).toFixed(2),
      medianOf(run.cpu).toFixed(2),
      ...comparison(memory, run, 'cpu', spread),
    ]),
  );
  console.log(
    '\nOne exposure of one new visitor, 20 in a turn of the event loop. Median, 95th percentile: of the time that offer() ' +
      'and\nconfirm() take the main thread, as it is in the median block; the clock itself is ' +
      `${clock.toFixed(2)} us of it. CPU: of all threads of the\nprocess, per event, until all of a block is delivered ` +
      'to a collector that answers at once. Ratio: of the CPU, in memory / variant.',
  );
}

/** Ratio, its range, and whether it says nothing; of the rounds in which both took part. */
function comparison(baseline, run, unit, spread) {
  if (run === baseline) return ['1.00', '', ''];
  const { rounds = baseline[unit].map((_, round) => round) } = run;
  const { ratio, low, high } = compare(
    rounds.map((round) => baseline[unit][round]),
    run[unit],
  );
  return [
    ratio.toFixed(2),
    `${low.toFixed(2)}-${high.toFixed(2)}`,
    Math.abs(1 - ratio) <= spread ? 'no difference' : '',
  ];
}

function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
