/**
 * What a job costs, however many there are: a tight loop that awaits nothing but `forVisitor`, with one exposure and
 * one conversion each, beside the floor that no implementation gets below.
 */
import { startChild } from './support/children.js';
import { randomFrom, shuffled, undisturbed } from './support/statistics.js';
import { figure, printTable } from './support/table.js';

export const name = 'jobs';
export const description = 'what a job costs among 1,000, 10,000 and 100,000 in a tight loop';

const COUNTS = { quick: [100, 1_000, 10_000], full: [1_000, 10_000, 100_000] };
const ROUNDS = { quick: 5, full: 9 };
const LANES = [
  { title: 'ours', kind: 'jobs' },
  { title: 'ours again (A/A)', kind: 'jobs' },
  { title: 'floor', kind: 'floor' },
];

export async function run({ quick = false } = {}) {
  const length = quick ? 'quick' : 'full';
  const counts = COUNTS[length];
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const track = await collector.ask('listen');
  const lanes = LANES.map((lane) => ({
    ...lane,
    child: startChild(new URL('./jobs/process.js', import.meta.url), { args: [track] }),
    samples: new Map(counts.map((count) => [count, { cpu: [], waits: 0, lost: 0 }])),
  }));
  try {
    // The largest block compiles the code, too.
    for (const { child, kind } of lanes) await child.ask('block', { kind, count: counts[1] });
    const random = randomFrom(7);
    for (let round = 0; round < ROUNDS[length]; round += 1) {
      for (const count of shuffled(counts, random)) {
        for (const { child, kind, samples } of shuffled(lanes, random)) {
          const { cpu, waits, lost } = await child.ask('block', { kind, count });
          const sample = samples.get(count);
          sample.cpu.push(cpu);
          sample.waits += waits;
          sample.lost += lost;
        }
      }
    }
    report(lanes, counts);
  } finally {
    await Promise.all([...lanes.map(({ child }) => child), collector].map((child) => child.stop()));
  }
}

function report(lanes, counts) {
  const [fewest] = counts;
  const floor = lanes.find(({ kind }) => kind === 'floor');
  printTable(
    ['', 'jobs', 'CPU us each', `to ${fewest} jobs`, 'to the floor', 'waits', 'lost'],
    lanes.flatMap(({ title, samples }) =>
      counts.map((count) => {
        const { cpu, waits, lost } = samples.get(count);
        const cost = undisturbed(cpu);
        return [
          title,
          String(count),
          figure(cost),
          (cost / undisturbed(samples.get(fewest).cpu)).toFixed(2),
          (cost / undisturbed(floor.samples.get(count).cpu)).toFixed(2),
          String(waits),
          String(lost),
        ];
      }),
    ),
  );
  console.log(
    '\nCPU: of all threads of the process, for each job, until its events are delivered to a collector that answers at once.\n' +
      'Floor: one hash, three events as text and one write to a map for each job. Waits: jobs that waited for room in the queue.',
  );
}
