/** What it costs to load a large project: CPU time and heap, in our engines and in the official SDK. */
import { compareBuilds } from '../support/against.js';
import { startChild } from '../support/children.js';
import { undisturbed } from '../support/statistics.js';
import { figure, printTable } from '../support/table.js';

const LARGE = 1000;
const WAYS = [
  { title: 'compiled engine', way: 'compiled' },
  { title: 'compiled, one rule in ten an expression', way: 'patterns' },
  { title: 'sdkEngine adapter', way: 'adapter' },
  { title: '@convertcom/js-sdk, raw', way: 'sdk' },
];
/** Processes per way to load; milliseconds of repeated loads in each. */
const LOADS = { quick: { processes: 1, budget: 250 }, full: { processes: 3, budget: 400 } };

/** Against another build: seconds, and a smaller project, so that there are many rounds. */
const AGAINST = { seconds: { quick: 25, full: 110 }, budget: 100, count: 300 };

/** Our engines in this build and in another one. */
export async function compareLoading(against, length) {
  const { seconds, budget, count } = AGAINST;
  const subjects = WAYS.filter(({ way }) => way !== 'sdk').map(({ title, way }) => ({
    title: `loading ${count}, ${title}`,
    start: async ({ build }) => loadingLane(way, { build, budget, count }),
  }));
  await compareBuilds({ against, subjects, seconds: seconds[length] });
}

/** Each block has a process of its own, since only the first load of a process is a first load. */
const loadingLane = (way, options) => ({
  async block() {
    const { first, later, decided, heap } = await load(way, options);
    return {
      'first load, CPU ms': first,
      'later loads, CPU ms': undisturbed(later),
      'first visitor, CPU ms': decided,
      'heap, MiB': heap / MEBIBYTE,
    };
  },
  async stop() {},
});

export async function measureLoading(length) {
  const { processes, budget } = LOADS[length];
  const rows = [];
  for (const { title, way } of WAYS) {
    const samples = [];
    for (let process = 0; process < processes; process += 1) {
      samples.push(await load(way, { budget, count: LARGE }));
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

/** One process that loads the large project in this way. */
async function load(way, { build, budget, count }) {
  const child = startChild(new URL('./load.js', import.meta.url), {
    execArgv: ['--expose-gc'],
    build,
  });
  try {
    return await child.ask('measure', { way, count, budget });
  } finally {
    await child.stop();
  }
}

const MEBIBYTE = 2 ** 20;
const mebibytes = (bytes) => (bytes / MEBIBYTE).toFixed(2);
