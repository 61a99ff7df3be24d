/**
 * What a decision costs in this package's engines, in the official SDK and in the engines of others, on the same
 * experiments: one condition on the path, two on the visitor, split in half. Each contestant has a process of its own;
 * they take turns in short blocks, in an order that is drawn anew for each round; the unit is CPU time. Nothing is
 * compared between two runs.
 */
import { readFileSync } from 'node:fs';
import { compareLoading, measureLoading } from './engine/loading.js';
import { compareBuilds } from './support/against.js';
import { startChild } from './support/children.js';
import { compare, mean, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { figure, printTable } from './support/table.js';

export const name = 'engine';
export const description =
  'CPU time of decisions, against the official SDK and other engines; loading a project';

const EXPERIMENTS = 100;
/** Milliseconds that a block takes about: short, since what disturbs it comes in spells. Calls that it has at least. */
const BLOCK = 10;
const MIN_CALLS = 2;
/**
 * Milliseconds of calls before each block: a processor that has rested takes as long to come to its speed. These and
 * those of the warm-up are CPU time, since the clock goes on while another process has the processor.
 */
const RUN_UP = 20;
/** Milliseconds per contestant and kind of calls. */
const WARM_UP = { quick: 100, full: 350 };
/** Seconds of rounds. */
const BUDGET = { quick: 8, full: 40 };
const MIN_ROUNDS = 5;

const KINDS = [
  { kind: 'all', title: 'all' },
  { kind: 'one', title: 'one' },
  { kind: 'sticky', title: 'sticky' },
];
/** Visitors whose decisions are looked at before anything is measured. */
const CHECKED = 100;
const CHECKED_ONE_BY_ONE = 20;

/** Against another build: seconds in all, and milliseconds as above. Nearly all of the time is measured. */
const AGAINST = { seconds: { quick: 25, full: 110 }, block: 25, runUp: 5 };

const INSTALL = 'npm ci --prefix bench/peers';

const own = (file) => new URL(`./engine/contestants/${file}`, import.meta.url).href;
const peer = (file) => new URL(`./peers/${file}`, import.meta.url).href;
const peerPackage = (file) => new URL(`./peers/node_modules/${file}/package.json`, import.meta.url);

/** `agrees`: decides as the official SDK does. */
const COMPILED = { title: 'compiled engine', module: own('compiled.js'), agrees: true };
const ADAPTER = { title: 'sdkEngine adapter', module: own('adapter.js'), agrees: true };
const OTHERS = [
  {
    title: '@convertcom/js-sdk, raw',
    module: own('sdk.js'),
    agrees: true,
    manifest: new URL('../node_modules/@convertcom/js-sdk/package.json', import.meta.url),
  },
  ...[
    ['GrowthBook', 'growthbook.js', '@growthbook/growthbook'],
    ['Unleash', 'unleash.js', 'unleash-client'],
    ['LaunchDarkly', 'launchdarkly.js', '@launchdarkly/node-server-sdk'],
  ].map(([title, file, name]) => ({ title, module: peer(file), manifest: peerPackage(name) })),
  {
    title: 'bare hashes (murmurhash)',
    module: peer('murmurhash.js'),
    agrees: true,
    manifest: peerPackage('murmurhash'),
  },
];

export async function run({ quick = false } = {}) {
  const length = quick ? 'quick' : 'full';
  await compareDecisions(WARM_UP[length], BUDGET[length]);
  await measureLoading(length);
}

/** Our engines in this build and in another one. */
export async function runAgainst({ against, quick = false }) {
  const length = quick ? 'quick' : 'full';
  const check = decisionsCheck();
  const subjects = [COMPILED, ADAPTER].map((contestant) => ({
    title: contestant.title,
    start: (lane) => decisionLane(contestant, { ...lane, check, warmUp: WARM_UP[length] }),
  }));
  await compareBuilds({ against, subjects, seconds: AGAINST.seconds[length] });
  await compareLoading(against, length);
}

async function decisionLane(contestant, { build, nth, check, warmUp }) {
  const run = await begin(contestant, build);
  if (!run) throw new Error(`${contestant.title} is not in ${build ?? 'this build'}`);
  // All processes of one build decide the same.
  if (nth === 0) await check(run);
  const blocks = run.kinds.map((kind) => ({ run, kind }));
  for (const block of blocks) await calibrate(block, warmUp, AGAINST.block);
  return {
    async block() {
      const figures = {};
      for (const block of blocks) figures[`${block.kind}, CPU us`] = await measure(block, AGAINST.runUp);
      return figures;
    },
    stop: () => run.child.stop(),
  };
}

async function compareDecisions(warmUp, budget) {
  const runs = [];
  try {
    const compiled = await begin(COMPILED);
    if (!compiled)
      console.log('\nNo compiled engine in this build: the adapter is what the others are compared with.');
    const first = compiled ?? (await begin(ADAPTER));
    runs.push(first);
    runs.push(await begin({ ...first.contestant, title: `${first.contestant.title} again (A/A)` }));
    const absent = [];
    for (const contestant of compiled ? [ADAPTER, ...OTHERS] : OTHERS) {
      const run = await begin(contestant);
      if (run) runs.push(run);
      else absent.push(contestant);
    }
    if (absent.length > 0) console.log(`\nWithout: ${absent.map(({ title }) => title).join(', ')}.`);
    if (absent.some(({ manifest }) => manifest)) console.log(`To install what others make: ${INSTALL}`);
    const check = decisionsCheck();
    for (const run of runs) await check(run);

    const blocks = runs.flatMap((run) => run.kinds.map((kind) => ({ run, kind, costs: run.costs[kind] })));
    for (const block of blocks) await calibrate(block, warmUp);
    const random = randomFrom(7);
    const started = performance.now();
    let rounds = 0;
    while (rounds < MIN_ROUNDS || performance.now() - started < budget * 1000) {
      // What is compared is measured close together.
      for (const { kind } of shuffled(KINDS, random)) {
        const due = blocks.filter((block) => block.kind === kind);
        for (const block of shuffled(due, random)) block.costs.push(await measure(block, RUN_UP));
      }
      rounds += 1;
    }
    for (const { child, contestant } of runs) {
      const connections = await child.ask('stop');
      if (connections > 0) throw new Error(`${contestant.title} wanted to connect ${connections} times`);
    }
    reportDecisions(runs, rounds);
  } finally {
    await Promise.all(runs.map(({ child }) => child.stop()));
  }
}

/** A process with this contestant; `undefined` where there is no such package or export. */
async function begin(contestant, build) {
  const child = startChild(new URL('./engine/child.js', import.meta.url), { build });
  let kinds;
  try {
    const { module } = contestant;
    kinds = await child.ask('start', { module, isOptional: module.includes('/peers/'), count: EXPERIMENTS });
  } finally {
    if (!kinds) await child.stop();
  }
  return kinds && { contestant, child, kinds, costs: Object.fromEntries(kinds.map((kind) => [kind, []])) };
}

/** Nothing is measured that does not decide: all experiments for everybody, evenly, and as the SDK where it should. */
function decisionsCheck() {
  const ids = Array.from({ length: CHECKED }, (_, index) => `bench-visitor-${index}`);
  let first;
  return async ({ child, contestant }) => {
    const decided = await child.ask('decide', ids);
    const single = await child.ask('decideOne', ids.slice(0, CHECKED_ONE_BY_ONE));
    const wrong = (what) => new Error(`${contestant.title}: ${what}`);
    if (decided.some((places) => places.length !== EXPERIMENTS || places.includes(-1)))
      throw wrong('not everybody is in all experiments');
    if (single.some((place, index) => place !== decided[index][index % EXPERIMENTS]))
      throw wrong('one call decides otherwise than a call for all');
    const ofVisitors = decided.map(mean);
    const ofExperiments = decided[0].map((_, index) => mean(decided.map((places) => places[index])));
    // Five standard deviations.
    if (!isEven(ofVisitors, EXPERIMENTS) || !isEven(ofExperiments, CHECKED))
      throw wrong('the visitors are not split evenly');
    if (!contestant.agrees) return;
    const given = JSON.stringify(decided);
    first ??= { given, title: contestant.title };
    if (given !== first.given) throw wrong(`decides otherwise than ${first.title}`);
  };
}

/** Shares of one half, each counted in `size` throws, and all of them together. */
function isEven(shares, size) {
  const isHalf = (share, throws) => Math.abs(share - 0.5) < (5 * 0.5) / Math.sqrt(throws);
  return shares.every((share) => isHalf(share, size)) && isHalf(mean(shares), size * shares.length);
}

/** How many calls make a block, once the code is compiled. */
async function calibrate(block, warmUp, length = BLOCK) {
  let spent = 0;
  block.calls = MIN_CALLS;
  do {
    const cost = await measure(block, 0);
    spent += (cost * block.calls) / 1000;
    // Not in one leap: the first calls are the slowest.
    block.calls = Math.max(MIN_CALLS, Math.min(block.calls * 4, Math.round((length * 1000) / cost)));
  } while (spent < warmUp);
}

const measure = ({ run, kind, calls }, runUp) => run.child.ask('measure', { kind, calls, runUp });

function reportDecisions(runs, rounds) {
  const [ours, again] = runs;
  console.log(
    `\n${EXPERIMENTS} experiments, ${rounds} rounds; ` +
      `us of CPU time per call, and how many times that of the ${ours.contestant.title}.\nA/A spread: ` +
      KINDS.map(
        ({ kind, title }) =>
          `${title} ${(spreadOf(compare(ours.costs[kind], again.costs[kind])) * 100).toFixed(1)}%`,
      ).join(', ') +
      '\n',
  );
  printTable(
    ['', ...KINDS.flatMap(({ title }) => [title, 'x'])],
    runs.map(({ contestant, costs }) => [
      [contestant.title, versionOf(contestant)].filter(Boolean).join(' '),
      ...KINDS.flatMap(({ kind }) => {
        if (!costs[kind]) return ['', ''];
        const cost = undisturbed(costs[kind]);
        return [figure(cost), figure(cost / undisturbed(ours.costs[kind]))];
      }),
    ]),
  );
  console.log(
    '\nAll and one: a visitor who was never seen, for all experiments and for one. Sticky: one experiment, for a visitor ' +
      'who was\ndecided for all before; empty where an engine knows of no such thing. What is measured of ours and of ' +
      'the SDK includes\nwhat is to be stored and sent; the others are measured without. LaunchDarkly answers with ' +
      'promises: awaited, the calls for\nall at once.',
  );
}

const versionOf = ({ manifest }) => manifest && JSON.parse(readFileSync(manifest, 'utf8')).version;
