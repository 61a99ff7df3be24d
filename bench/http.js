/**
 * What the middleware costs a server, over real HTTP. Each variant is a process of its own, as an app is: what V8 has
 * learnt of one must not slow down another. Blocks of requests alternate between them in one run, in an order that is
 * drawn anew for each round; the unit is CPU time of the server process per request, which a busy machine disturbs far
 * less than wall time. Nothing is compared between two runs.
 */
import { arrivals, compareBuilds } from './support/against.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { startChild } from './support/children.js';
import { printTable } from './support/table.js';

export const name = 'http';
export const description = 'CPU time per request and throughput, against the same app without the middleware';

const FRAMEWORKS = ['fastify', 'koa', 'express'];

const BLOCK = 1000;
/** Requests before each block, which are not measured: a process that has rested takes its time to come to speed. */
const RUN_UP = 400;
/** Compiled code and a full set of returning visitors first. */
const WARM_UP = { quick: 2, full: 4 };
/** Seconds of rounds; Express takes longest for one. */
const BUDGET = {
  quick: { fastify: 9, koa: 9, express: 14 },
  full: { fastify: 38, koa: 38, express: 65 },
};
const MIN_ROUNDS = 5;
/**
 * Against another build: seconds per framework, blocks that compile the code, and short ones, so that there are many.
 */
const AGAINST = {
  seconds: {
    quick: { fastify: 15, koa: 15, express: 30 },
    full: { fastify: 55, koa: 55, express: 110 },
  },
  warmUp: 8,
  size: 500,
  runUp: 100,
};

/**
 * Room enough to boot without collecting all garbage: where Node 20 does that at one certain moment, V8 forgets the
 * shape of what `process.nextTick` queues, and each request of that process takes 2.5 us more for good, bare ones too.
 */
const SETTINGS = ['--initial-heap-size=256', '--enable-source-maps'];

/**
 * `mix`: which visitors come. The bare ones come first: the others are compared with the first.
 */
const VARIANTS = [
  { id: 'bare', title: 'bare', app: 'bare', mix: 'mixed' },
  { id: 'bare-again', title: 'bare again (A/A)', app: 'bare', mix: 'mixed' },
  { id: 'unused', title: 'mounted, unused', app: 'unused', mix: 'mixed' },
  { id: 'returning', title: 'one decision: all visitors returning', app: 'decide', mix: 'returning' },
  { id: 'mixed', title: 'one decision: nine of ten returning', app: 'decide', mix: 'mixed' },
  { id: 'new', title: 'one decision: all new', app: 'decide', mix: 'new' },
  { id: 'floor-returning', title: 'the floor: all returning', app: 'floor', mix: 'returning' },
  { id: 'floor-mixed', title: 'the floor: nine of ten returning', app: 'floor', mix: 'mixed' },
  { id: 'floor-new', title: 'the floor: all new', app: 'floor', mix: 'new' },
  { id: 'hand-returning', title: 'hand-written: all returning', app: 'handwritten', mix: 'returning' },
  { id: 'hand-mixed', title: 'hand-written: nine of ten returning', app: 'handwritten', mix: 'mixed' },
  { id: 'hand-new', title: 'hand-written: all new', app: 'handwritten', mix: 'new' },
  // Every flush sends again what others have on their way: kept to a few small blocks.
  {
    id: 'hand-flush',
    title: 'hand-written, flush on finish: all new',
    app: 'flushing',
    mix: 'new',
    size: 250,
    runUp: 50,
    rounds: 3,
    limit: 4_000,
  },
];

export async function run({ quick = false, framework = FRAMEWORKS, profile } = {}) {
  const length = quick ? 'quick' : 'full';
  for (const each of framework) {
    assertFramework(each);
    await measureFramework(each, { warmUp: WARM_UP[length], budget: BUDGET[length][each], profile });
  }
  console.log(
    '\nCPU: of the server process, per request, with all that a block left to do after its responses. CPU and requests/s ' +
      'are\nthose of the less disturbed quarter of the blocks. Ratio: bare / variant (1.00 = no cost), and where it ' +
      'lies with 95%\ncertainty; inside the spread of bare against bare (A/A) it says nothing: "no difference". ' +
      'Exposures: what arrived at a\ncollector that answers after 20 ms. The floor:\na cookie, a hash, two headers and an event by hand, without rules, properties, consent, bots or retries.',
  );
}

/** The variants with our middleware, in this build and in another one. */
export async function runAgainst({ against, quick = false, framework = FRAMEWORKS }) {
  const length = quick ? 'quick' : 'full';
  const { seconds, warmUp, size, runUp } = AGAINST;
  for (const each of framework) {
    assertFramework(each);
    const collector = startChild(new URL('./http/collector.js', import.meta.url));
    const load = startChild(new URL('./http/load.js', import.meta.url));
    const url = await collector.ask('listen');
    const runs = [];
    // One process has all kinds of visitors, as an app has.
    const start = async (app, { build, id }) => {
      const run = await begin({ app, id: `${app}-${id}`, size, runUp }, { framework: each, url, build });
      runs.push(run);
      const variants = VARIANTS.filter((variant) => variant.app === app);
      for (const { mix } of variants) await warm(run, load, { blocks: warmUp, mix });
      return {
        async block() {
          const figures = {};
          for (const { title, mix } of variants) figures[title] = (await measure(run, load, { mix })).cpu;
          return figures;
        },
        stop: () => run.server.stop(),
      };
    };
    const subjects = ['unused', 'decide'].map((app) => ({
      title: `${each}, CPU us`,
      start: (lane) => start(app, lane),
    }));
    await compareBuilds({ against, subjects, seconds: seconds[length][each] });
    const due = runs.map(({ variant: { id }, newVisitors }) => ({ sender: id, visitors: newVisitors }));
    console.log(arrivals(due, await collector.ask('counts')));
    await Promise.all([load.stop(), collector.stop()]);
  }
}

function assertFramework(framework) {
  if (!FRAMEWORKS.includes(framework))
    throw new Error(`no framework ${framework}; there are ${FRAMEWORKS.join(', ')}`);
}

async function measureFramework(framework, { warmUp, budget, profile }) {
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  const load = startChild(new URL('./http/load.js', import.meta.url));
  const url = await collector.ask('listen');
  const runs = [];
  try {
    for (const variant of VARIANTS) runs.push(await begin(variant, { framework, url, profile }));
    for (const run of runs) await warm(run, load, { blocks: warmUp });

    const random = randomFrom(7);
    const started = performance.now();
    let rounds = 0;
    while (rounds < MIN_ROUNDS || performance.now() - started < budget * 1000) {
      const due = runs.filter(({ variant }) => rounds < (variant.rounds ?? Infinity));
      for (const run of shuffled(due, random)) {
        const { cpu, wall } = await measure(run, load, { isProfiled: rounds < 3 });
        run.cpu.push(cpu);
        run.wall.push(wall);
      }
      rounds += 1;
    }
    report(framework, runs, rounds, await collector.ask('counts'));
  } finally {
    await Promise.all([...runs.map(({ server }) => server), load, collector].map((child) => child.stop()));
  }
}

/** A process with this variant; `build` as for `startChild`. */
async function begin(variant, { framework, url, profile = '', build }) {
  const server = startChild(new URL('./http/server.js', import.meta.url), {
    args: [framework, url, profile],
    execArgv: SETTINGS,
    build,
  });
  const port = await server.ask('start', { id: variant.id, app: variant.app });
  return { variant, server, port, cpu: [], wall: [], newVisitors: 0 };
}

async function warm(run, load, { blocks, mix = run.variant.mix }) {
  // Who will return has to be new once.
  if (run.variant.app !== 'bare') await measure(run, load, { mix: 'new' });
  for (let block = 0; block < blocks; block += 1) await measure(run, load, { mix });
}

async function measure(run, load, { mix = run.variant.mix, isProfiled = false } = {}) {
  const { port, server } = run;
  const { id, app, size = BLOCK, runUp = RUN_UP, limit } = run.variant;
  const expectsCookie = app !== 'bare' && app !== 'unused';
  const visit = async (count) => {
    const done = await load.ask('block', { port, count, mix, limit, expectsCookie });
    if (expectsCookie) run.newVisitors += done.newVisitors;
    return done;
  };
  await visit(runUp);
  await server.ask('settle', { id });
  await server.ask('begin', { isProfiled });
  const done = await visit(size);
  const microseconds = await server.ask('end', { id, isProfiled });
  return { cpu: microseconds / done.requests, wall: done.seconds / done.requests };
}

function report(framework, runs, rounds, counts) {
  const [bare, again] = runs;
  const spread = spreadOf(compare(bare.cpu, again.cpu));
  console.log(
    `\n${framework}: ${rounds} rounds of ${BLOCK} requests per variant; A/A spread ${percent(spread)}\n`,
  );
  const bareCpu = undisturbed(bare.cpu);
  printTable(
    ['variant', 'CPU us', '+us', 'ratio', '95%', 'requests/s', '', 'exposures'],
    runs.map((run) => {
      const { ratio, low, high } = compare(bare.cpu, run.cpu);
      const cpu = undisturbed(run.cpu);
      const isSame = run !== bare && Math.abs(1 - ratio) <= spread;
      return [
        run.variant.title,
        cpu.toFixed(1),
        run === bare ? '' : (cpu - bareCpu).toFixed(1),
        ratio.toFixed(2),
        run === bare ? '' : `${low.toFixed(2)}-${high.toFixed(2)}`,
        Math.round(1 / undisturbed(run.wall)).toString(),
        isSame ? 'no difference' : '',
        exposures(run, counts),
      ];
    }),
  );
}

/** How many of the visitors who met the experience for the first time were counted, and how often. */
function exposures({ variant, newVisitors }, counts) {
  if (newVisitors === 0) return '';
  const { visitors = 0, events = 0 } = counts.find(({ sender }) => sender === variant.id) ?? {};
  const share = `${percent(visitors / newVisitors)} of ${newVisitors}`;
  return events > visitors ? `${share}, ${(events / visitors).toFixed(1)} times each` : share;
}

const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
