/**
 * What a decision costs in this package's engines, in the official SDK and in the engines of others, on the same
 * experiments: one condition on the path, two on the visitor, split in half. Each contestant has a process of its own;
 * they take turns in short blocks, in an order that is drawn anew for each round; the unit is CPU time. Nothing is
 * compared between two runs.
 */
import { readFileSync } from 'node:fs';
import { startChild } from './support/children.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { printTable } from './support/table.js';

export const name = 'engine';
export const description =
  'CPU time of decisions, against the official SDK and other engines; loading a project';

const EXPERIMENTS = 100;
/** Milliseconds that a block takes about: short, since what disturbs it comes in spells. Calls that it has at least. */
const BLOCK = 10;
const MIN_CALLS = 2;
/** Milliseconds of calls before each block: a processor that has rested takes as long to come to its speed. */
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

const LARGE = 1000;
const WAYS = [
  { title: 'compiled engine', way: 'compiled' },
  { title: 'compiled, one rule in ten an expression', way: 'patterns' },
  { title: 'sdkEngine adapter', way: 'adapter' },
  { title: '@convertcom/js-sdk, raw', way: 'sdk' },
];
/** Processes per way to load; milliseconds of repeated loads in each. */
const LOADS = { quick: { processes: 1, budget: 250 }, full: { processes: 3, budget: 400 } };

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
  await compareLoading(LOADS[length]);
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
    await checkDecisions(runs);

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
async function begin(contestant) {
  const child = startChild(new URL('./engine/child.js', import.meta.url));
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
async function checkDecisions(runs) {
  const ids = Array.from({ length: CHECKED }, (_, index) => `bench-visitor-${index}`);
  let expected;
  for (const { child, contestant } of runs) {
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
    if (!contestant.agrees) continue;
    expected ??= JSON.stringify(decided);
    if (JSON.stringify(decided) !== expected)
      throw wrong(`decides otherwise than ${runs[0].contestant.title}`);
  }
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Shares of one half, each counted in `size` throws, and all of them together. */
function isEven(shares, size) {
  const isHalf = (share, throws) => Math.abs(share - 0.5) < (5 * 0.5) / Math.sqrt(throws);
  return shares.every((share) => isHalf(share, size)) && isHalf(mean(shares), size * shares.length);
}

/** How many calls make a block, once the code is compiled. */
async function calibrate(block, warmUp) {
  const until = performance.now() + warmUp;
  block.calls = MIN_CALLS;
  do {
    const cost = await measure(block, 0);
    // Not in one leap: the first calls are the slowest.
    block.calls = Math.max(MIN_CALLS, Math.min(block.calls * 4, Math.round((BLOCK * 1000) / cost)));
  } while (performance.now() < until);
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

async function compareLoading({ processes, budget }) {
  const rows = [];
  for (const { title, way } of WAYS) {
    const samples = [];
    for (let process = 0; process < processes; process += 1) {
      const child = startChild(new URL('./engine/load.js', import.meta.url), { execArgv: ['--expose-gc'] });
      try {
        samples.push(await child.ask('measure', { way, count: LARGE, budget }));
      } finally {
        await child.stop();
      }
    }
    if (!samples[0]) continue;
    const of = (field) => undisturbed(samples.map((sample) => sample[field]));
    const later = undisturbed(samples.flatMap((sample) => sample.later));
    rows.push({
      title,
      first: of('first'),
      later,
      decided: of('decided'),
      heap: of('heap'),
      config: of('config'),
    });
  }
  console.log(
    `\nLoading ${LARGE} experiences with ten rules each (the config itself: ${mebibytes(rows[0].config)} MiB of heap)\n`,
  );
  printTable(
    ['', 'first load, ms', 'later loads, ms', 'first visitor, all, ms', 'heap, MiB'],
    rows.map(({ title, first, later, decided, heap }) => [
      title,
      figure(first),
      figure(later),
      figure(decided),
      mebibytes(heap),
    ]),
  );
  console.log(
    '\nCPU time, and heap beyond the config, with all that the first visitor made. The compiled engine gets a config that is\n' +
      'validated, as it does in an app; the adapter copies it, and the SDK works with what it is given.',
  );
}

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(2);

/** Three digits that count. */
const figure = (value) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

const versionOf = ({ manifest }) => manifest && JSON.parse(readFileSync(manifest, 'utf8')).version;
