/**
 * What a visitor store costs a request, over real HTTP: the same Fastify app, with one decision, over each of them.
 * Each variant is a process of its own, for each kind of visitors one, and blocks of requests alternate between them as
 * in the http bench. Nothing is compared between two runs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './support/children.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { printTable } from './support/table.js';
import { LEFT_OUT, VARIANTS } from './stores/variants.js';

export const name = 'stores';
export const description = 'what a visitor store costs a request, against memory; round trips to Redis';

const BLOCK = 1000;
/** Requests before each block, which are not measured: all who return, so that what is cached is so again. */
const RUN_UP = 1000;
/** Blocks that compile the code. */
const WARM_UP = { quick: 2, full: 4 };
/** Seconds of rounds, for each kind of visitors. */
const BUDGET = { quick: 15, full: 60 };
const MIN_ROUNDS = 6;
/** As in the http bench. */
const SETTINGS = ['--initial-heap-size=256', '--enable-source-maps'];
/** Visitors whose round trips are counted. */
const COUNTED = { quick: 20, full: 100 };

const MIXES = { returning: 'all visitors returning', mixed: 'nine of ten returning', new: 'all new' };

export async function run({ quick = false } = {}) {
  const length = quick ? 'quick' : 'full';
  if (LEFT_OUT.length > 0) console.log(`\nleft out: ${LEFT_OUT.join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'convert-bench-'));
  try {
    for (const mix of Object.keys(MIXES)) {
      await measure(mix, { folder, warmUp: WARM_UP[length], budget: BUDGET[length] });
    }
    await countTrips({ folder, count: COUNTED[length] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log(
    '\nCPU: of all threads of the server process, per request, with all that a block left to do after its responses, and ' +
      'without the\nprocess of Redis. CPU and requests/s are those of the less disturbed quarter of the blocks. +us and ' +
      'extra: over memory, the latter\nas a share of what a request takes there. Ratio: memory / variant, and where it ' +
      'lies with 95% certainty; inside the spread of\nmemory against itself (A/A) it says nothing: "no difference". Redis ' +
      'runs on the same cores, on a socket.',
  );
}

function startServer(variant, track, folder) {
  return startChild(new URL('./stores/server.js', import.meta.url), {
    args: [variant.id, `${track}/${variant.id}/`, folder],
    execArgv: SETTINGS,
  });
}

async function measure(mix, { folder, warmUp, budget }) {
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  const load = startChild(new URL('./http/load.js', import.meta.url));
  const runs = [];
  try {
    const track = await collector.ask('listen');
    for (const variant of VARIANTS) {
      const server = startServer(variant, track, join(folder, `${mix}-${variant.id}`));
      const run = { variant, server, cpu: [], wall: [] };
      runs.push(run);
      run.port = await server.ask('start');
    }
    for (const run of runs) {
      // Who will return has to be new once.
      await visit(run, load, 'new');
      for (let block = 0; block < warmUp; block += 1) await visit(run, load, mix);
    }
    const random = randomFrom(7);
    const started = performance.now();
    let rounds = 0;
    while (rounds < MIN_ROUNDS || performance.now() - started < budget * 1000) {
      for (const run of shuffled(runs, random)) {
        const { cpu, wall } = await visit(run, load, mix);
        run.cpu.push(cpu);
        run.wall.push(wall);
      }
      rounds += 1;
    }
    report(mix, runs, rounds);
  } finally {
    await Promise.all([...runs.map(({ server }) => server), load, collector].map((child) => child.stop()));
  }
}

async function visit({ variant, server, port }, load, mix) {
  const block = (count) => load.ask('block', { port, count, mix, expectsCookie: true, keeps: variant.keeps });
  await block(RUN_UP);
  await server.ask('settle');
  await server.ask('begin');
  const { requests, seconds } = await block(BLOCK);
  return { cpu: (await server.ask('end')) / requests, wall: seconds / requests };
}

function report(mix, runs, rounds) {
  const [memory, again] = runs;
  const spread = spreadOf(compare(memory.cpu, again.cpu));
  console.log(
    `\n${MIXES[mix]}: ${rounds} rounds of ${BLOCK} requests per variant; A/A spread ${percent(spread)}\n`,
  );
  const memoryCpu = undisturbed(memory.cpu);
  printTable(
    ['variant', 'CPU us', '+us', 'extra', 'ratio', '95%', 'requests/s', ''],
    runs.map((run) => {
      const { ratio, low, high } = compare(memory.cpu, run.cpu);
      const cpu = undisturbed(run.cpu);
      const isFirst = run === memory;
      return [
        run.variant.title,
        cpu.toFixed(1),
        isFirst ? '' : (cpu - memoryCpu).toFixed(1),
        isFirst ? '' : percent((cpu - memoryCpu) / memoryCpu),
        ratio.toFixed(2),
        isFirst ? '' : `${low.toFixed(2)}-${high.toFixed(2)}`,
        Math.round(1 / undisturbed(run.wall)).toString(),
        !isFirst && Math.abs(1 - ratio) <= spread ? 'no difference' : '',
      ];
    }),
  );
}

/** Of visitors who come one by one: each is seen for itself. */
async function countTrips({ folder, count }) {
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const servers = [];
  try {
    const track = await collector.ask('listen');
    const rows = [];
    for (const variant of VARIANTS.filter(({ id }) => id.startsWith('redis'))) {
      const server = startServer(variant, track, join(folder, `trips-${variant.id}`));
      servers.push(server);
      await server.ask('start');
      const most = await server.ask('trips', { count });
      rows.push([variant.title, ...most.map(({ before, after }) => `${before} + ${after}`)]);
    }
    if (rows.length === 0) return;
    console.log(
      `\nround trips to Redis before the handler + after it began: the most of ${count} visitors\n`,
    );
    printTable(['variant', 'new', 'back', 'back again at once'], rows);
  } finally {
    await Promise.all([...servers, collector].map((child) => child.stop()));
  }
}

const percent = (share) => `${(share * 100).toFixed(Math.abs(share) < 0.1 ? 1 : 0)}%`;
