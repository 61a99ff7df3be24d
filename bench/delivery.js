/**
 * What it costs to hand an event to the outbox, in memory and with a spool: a process for each, in turns within one run,
 * with a collector that takes all.
 */
import { startChild } from './support/children.js';
import { compare, randomFrom, shuffled, undisturbed } from './support/statistics.js';
import { printTable } from './support/table.js';

export const name = 'delivery';
export const description = 'what it costs to enqueue an event, in memory and on disk';

/** The first one is what the others are compared with. */
const OUTBOXES = [
  { title: 'in memory', kind: 'memory' },
  { title: 'in memory again (A/A)', kind: 'memory' },
  { title: 'spooled', kind: 'spool' },
];

/** Events of one block. */
const BLOCK = 20_000;
const ROUNDS = { quick: 5, full: 15 };

export async function run({ quick = false } = {}) {
  const collector = startChild(new URL('./heap/swallow.js', import.meta.url));
  const url = await collector.ask('listen');
  const runs = OUTBOXES.map(({ title, kind }) => ({
    title,
    child: startChild(new URL('./delivery/outbox.js', import.meta.url), { args: [kind, url] }),
    enqueue: [],
    cpu: [],
    delivered: 0,
  }));
  try {
    for (const { child } of runs) await child.ask('block', { count: BLOCK });
    const random = randomFrom(11);
    for (let round = 0; round < (quick ? ROUNDS.quick : ROUNDS.full); round += 1) {
      for (const each of shuffled(runs, random)) {
        const { enqueue, cpu, delivered } = await each.child.ask('block', { count: BLOCK });
        each.enqueue.push(enqueue);
        each.cpu.push(cpu);
        each.delivered += delivered;
      }
    }
    const [memory] = runs;
    printTable(
      ['outbox', 'enqueue us', 'CPU us', 'ratio', '95%', 'delivered'],
      runs.map(({ title, enqueue, cpu, delivered }) => {
        const { ratio, low, high } = compare(memory.cpu, cpu);
        const offered = cpu.length * BLOCK;
        return [
          title,
          undisturbed(enqueue).toFixed(2),
          undisturbed(cpu).toFixed(2),
          ratio.toFixed(2),
          `${low.toFixed(2)}-${high.toFixed(2)}`,
          `${delivered} of ${offered}`,
        ];
      }),
    );
    console.log(
      '\nenqueue: of the event loop, for one exposure of a new visitor (median of turns of 20). CPU: of the process, for each ' +
        'event,\ntill all are delivered. Ratio: in memory / this one, of CPU.',
    );
  } finally {
    await Promise.all([...runs.map(({ child }) => child.stop()), collector.stop()]);
  }
}
