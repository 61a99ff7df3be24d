/**
 * Compares two builds in one run. A few processes of each build take turns block by block, in an order that is drawn
 * anew for each round. A process keeps for its whole life what its compiler and its heap happened to become, so that
 * one process of a build says less than a few of them.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { entryOf } from './build.js';
import { mean, median, randomFrom, shuffled } from './statistics.js';
import { printTable } from './table.js';

/** A ratio that is this close to 1 counts as equal. */
const TOLERANCE = 0.05;
/** Processes of each build: four, or two where these have taken more than a fifth of the time to start. */
const PROCESSES = { least: 2, most: 4 };
const MAX_START = 0.2;

const EXPLANATION =
  '\nThis build and another one take turns, block by block. Each block is taken relative to the median of its round, in which\n' +
  'all processes of both builds have a block, so that a change of the speed of the machine cancels out. This and other: of\n' +
  'each process the median of the rounds, of each build the mean of its processes.\n' +
  'A/A spread: each build against itself in the same rounds. Its blocks are four quarters (its four processes; of two, the\n' +
  'even and the odd rounds), which make two halves in three ways; the spread is how far from 1 the ratio of two halves is at\n' +
  'the most. MORE and less mark a row where this / other is further from 1 than 5% and than the A/A spread.';

/** The folder of another build as a URL that ends with a slash. */
export function buildIn(folder) {
  const build = pathToFileURL(`${resolve(folder)}/`).href;
  if (existsSync(new URL(entryOf('index', build)))) return build;
  throw new Error(`there is no dist/index.mjs in ${folder}: build it first`);
}

/**
 * Measures `subjects` in both builds, and prints a row for each figure.
 *
 * @param {string} options.against the other build, as `buildIn` returns it
 * @param {{ title: string, start(lane: { build?: string, nth: number, id: string }): Promise<Lane> }[]}
 *   options.subjects `start` starts and warms the nth process of a build (undefined: this one); no two of a subject
 *   have the same `id`. A lane is `{ block(), stop() }`; `block` resolves with the figures of one block,
 *   `{ 'CPU us': 12.3 }`, of which less is better
 * @param {number} options.seconds in all, from the start of the first process
 * @param {number} options.minRounds rounds at the least, also where they take longer. Default 4
 * @param {number} options.maxRounds rounds at the most. Default: as many as there is time for
 */
export async function compareBuilds({ against, subjects, seconds, minRounds = 4, maxRounds = Infinity }) {
  const started = performance.now();
  const isPast = (share) => performance.now() - started > seconds * 1000 * share;
  const groups = subjects.map(({ title, start }) => ({ title, start, lanes: [] }));
  try {
    for (let nth = 0; nth < PROCESSES.most; nth += 1) {
      if (nth === PROCESSES.least && isPast(MAX_START)) break;
      await Promise.all(groups.map((group) => startLanes(group, against, nth)));
    }
    const random = randomFrom(7);
    let rounds = 0;
    while (rounds < minRounds || (rounds < maxRounds && !isPast(1))) {
      await runRound(groups, random);
      rounds += 1;
    }
    report(groups, rounds);
  } finally {
    await Promise.all(groups.flatMap(({ lanes }) => lanes.map((lane) => lane.stop())));
  }
}

/** The nth process of each build. */
async function startLanes({ start, lanes }, against, nth) {
  const builds = [undefined, against];
  const started = builds.map((build) =>
    start({ build, nth, id: `${build === undefined ? 'this' : 'other'}-${nth}` }),
  );
  for (const [index, lane] of (await Promise.all(started)).entries())
    lanes.push({ build: builds[index], samples: new Map(), ...lane });
}

/** The lanes of one subject follow each other, so that the machine has about the same speed for all of them. */
async function runRound(groups, random) {
  for (const { lanes } of shuffled(groups, random)) {
    for (const { samples, block } of shuffled(lanes, random)) {
      for (const [figure, value] of Object.entries(await block())) {
        if (!samples.has(figure)) samples.set(figure, []);
        samples.get(figure).push(value);
      }
    }
  }
}

let isExplained = false;

function report(groups, rounds) {
  if (!isExplained) console.log(EXPLANATION);
  isExplained = true;
  const rows = groups.flatMap(({ title, lanes }) =>
    [...lanes[0].samples.keys()].map((figure) => ({
      title: `${title}: ${figure}`,
      ...compareFigure(figure, lanes),
    })),
  );
  console.log(`\n${groups[0].lanes.length / 2} processes of each build, ${rounds} rounds\n`);
  printTable(
    ['', 'this', 'other', 'this / other', 'A/A spread', ''],
    rows.map(({ title, ours, theirs, ratio, spread, mark }) => [
      title,
      digits(ours),
      digits(theirs),
      ratio.toFixed(3),
      `${(spread * 100).toFixed(1)}%`,
      mark,
    ]),
  );
  const outside = rows.filter(({ mark }) => mark !== '');
  console.log(
    `\n${outside.length} of ${rows.length} rows differ by more than ${TOLERANCE * 100}% and by more than the A/A spread.`,
  );
}

function compareFigure(figure, lanes) {
  const samples = lanes.map((lane) => lane.samples.get(figure));
  const rounds = samples[0].map((_, round) => median(samples.map((blocks) => blocks[round])));
  const relative = samples.map((blocks) => blocks.map((value, round) => value / rounds[round]));
  const [ours, theirs] = [true, false].map((isOurs) =>
    relative.filter((_, index) => (lanes[index].build === undefined) === isOurs),
  );
  const ratio = costOf(ours) / costOf(theirs);
  const spread = Math.max(spreadWithin(ours), spreadWithin(theirs));
  const differs = Math.abs(ratio - 1) > Math.max(TOLERANCE, spread);
  const mark = differs ? (ratio > 1 ? 'MORE' : 'less') : '';
  const level = median(rounds);
  return { ours: costOf(ours) * level, theirs: costOf(theirs) * level, ratio, spread, mark };
}

const costOf = (processes) => mean(processes.map(median));

/** The A/A spread of one build, as the explanation says. */
function spreadWithin(processes) {
  const [first, ...others] = processes.length === PROCESSES.most ? processes : processes.flatMap(evenAndOdd);
  const ratios = others.map((partner) => {
    const rest = others.filter((other) => other !== partner);
    return costOf([first, partner]) / costOf(rest);
  });
  return Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
}

const evenAndOdd = (blocks) => [0, 1].map((parity) => blocks.filter((_, round) => round % 2 === parity));

/**
 * Whether each exposure arrived once. `due` and `counts` are lists of `{ sender, visitors }`; counts have `events`,
 * too.
 */
export function arrivals(due, counts) {
  const wrong = due.flatMap(({ sender, visitors: expected }) => {
    const { visitors = 0, events = 0 } = counts.find((each) => each.sender === sender) ?? {};
    if (visitors === expected && events === visitors) return [];
    return [`${sender}: ${visitors} of ${expected} visitors arrived, with ${events} exposures`];
  });
  if (wrong.length > 0) return ['EXPOSURES LOST OR DOUBLED', ...wrong].join('\n');
  return `All ${due.reduce((sum, { visitors }) => sum + visitors, 0)} exposures of both builds arrived, each once.`;
}

/** Three digits that count. */
const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
