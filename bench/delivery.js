/**
 * What arrives of what was seen, and what it takes to get it there. First whole apps under load, against one collector:
 * each variant is an Express app in a process of its own, and blocks of requests alternate between them as in the http
 * bench. Then the outboxes alone. Nothing is compared between two runs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { comparison, percent } from './delivery/comparison.js';
import { compareOutboxes, measureOutboxes } from './delivery/outboxes.js';
import { LEFT_OUT, OURS, SETTINGS, VARIANTS } from './delivery/variants.js';
import { arrivals, compareBuilds } from './support/against.js';
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
/** Milliseconds for what nobody can wait for: the SDK does not tell when a batch has arrived. */
const LATE = 2_000;

/**
 * Against another build: seconds, blocks that compile the code, and short ones, so that there are many. Fastify takes
 * least by itself, so that what delivery takes shows most.
 */
const AGAINST = {
  framework: 'fastify',
  seconds: { quick: 30, full: 130 },
  warmUp: 12,
  size: 500,
  runUp: 100,
};

export async function run({ quick = false } = {}) {
  const length = quick ? 'quick' : 'full';
  await inFolder(async (folder) => {
    await measureApps({ folder, warmUp: WARM_UP[length], budget: BUDGET[length] });
    await measureOutboxes(folder, length);
  });
}

/** Our own ways to deliver, in this build and in another one. */
export async function runAgainst({ against, quick = false }) {
  const length = quick ? 'quick' : 'full';
  await inFolder(async (folder) => {
    await compareApps(against, folder, length);
    await compareOutboxes(against, folder, length);
  });
}

async function inFolder(work) {
  if (LEFT_OUT.length > 0) console.log(`\nleft out: ${LEFT_OUT.join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'convert-bench-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compareApps(against, folder, length) {
  const { framework, seconds, warmUp, size, runUp } = AGAINST;
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  const load = startChild(new URL('./http/load.js', import.meta.url));
  const url = await collector.ask('listen');
  const runs = [];
  const start = async (variant, { build, id }) => {
    const run = await beginApp(
      { ...variant, size, runUp },
      { framework, url, folder, build, sender: `${variant.id}-${id}` },
    );
    runs.push(run);
    for (let block = 0; block < warmUp; block += 1) await visit(run, load);
    return {
      async block() {
        const { cpu, wall } = await visit(run, load);
        return { 'CPU us': cpu, 'us per request': wall * 1e6 };
      },
      stop: () => run.server.stop(),
    };
  };
  const subjects = OURS.map((variant) => ({
    title: `${framework}, ${variant.title}`,
    start: (lane) => start(variant, lane),
  }));
  await compareBuilds({ against, subjects, seconds: seconds[length] });
  const due = runs.map(({ sender, due: visitors }) => ({ sender, visitors }));
  console.log(arrivals(due, await collector.ask('counts')));
  await Promise.all([load.stop(), collector.stop()]);
}

async function measureApps({ folder, warmUp, budget }) {
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  const load = startChild(new URL('./http/load.js', import.meta.url));
  const runs = [];
  try {
    const url = await collector.ask('listen');
    const apps = VARIANTS.filter(({ app }) => app);
    for (const variant of apps) runs.push(await beginApp(variant, { url, folder }));
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

/** `sender` names the process to the collector, and its folder; `build` is as for `startChild`. */
async function beginApp(variant, { framework = 'express', url, folder, build, sender = variant.id }) {
  const server = startChild(new URL('./delivery/server.js', import.meta.url), {
    args: [framework, variant.id, `${url}/${sender}/`, join(folder, `app-${sender}`)],
    execArgv: SETTINGS,
    build,
  });
  const port = await server.ask('start');
  return { variant, sender, server, port, cpu: [], wall: [], rounds: [], due: 0 };
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
      const sent = counts.find(({ sender }) => sender === run.sender);
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
