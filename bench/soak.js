/**
 * Whether an outage of the collector loses anything, or fills the memory:
 *
 *     npm run soak                     ten minutes at 200 events a second, which can not be delivered
 *     npm run soak -- --minutes 1      one minute at that rate
 *     npm run soak -- --fast           the same number of events, as fast as the event loop takes them
 *
 * Then the collector comes back. Ends with code 1 where an event was lost, or the memory grew beyond its bound.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS } from './soak/kinds.js';
import { startChild } from './support/children.js';
import { printTable } from './support/table.js';

const PER_SECOND = 200;
const MIB = 1024 * 1024;
/** What a process may grow by beside the events that wait: compiled code, garbage, and the POSTs of the end. */
const SLACK = 80 * MIB;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, fast: { type: 'boolean', default: false } },
});
const events = Math.round(Number(values.minutes) * 60 * PER_SECOND);
if (!(events > 0)) {
  console.error(`--minutes ${values.minutes} is no number of minutes`);
  process.exit(2);
}

console.log(
  `An outage with ${events} events, ${values.fast ? 'as fast as the event loop takes them' : `${PER_SECOND} a second`}\n`,
);
const results = [];
if (values.fast) {
  for (const kind of KINDS) results.push(await soak(kind));
} else {
  // Hardly any work: they do not disturb each other.
  results.push(...(await Promise.all(KINDS.map(soak))));
}
report(results);
const failed = results.filter(({ isLost, isOver }) => isLost || isOver);
for (const { kind, isLost, isOver, ledger } of failed) {
  const what = [isLost && 'events were lost', isOver && 'the memory grew beyond its bound'].filter(Boolean);
  console.error(`\n${kind.title}: ${what.join(', and ')}\n${JSON.stringify(ledger)}`);
}
process.exitCode = failed.length > 0 ? 1 : 0;

async function soak(kind) {
  const folder = await mkdtemp(join(tmpdir(), 'convert-soak-'));
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  let child;
  try {
    const url = await collector.ask('listen');
    await collector.ask('leave');
    child = startChild(new URL('./soak/outbox.js', import.meta.url), {
      args: [kind.id, url, folder],
      execArgv: ['--expose-gc'],
    });
    const outage = await child.ask('outage', { events, perSecond: values.fast ? undefined : PER_SECOND });
    await collector.ask('listen');
    const { ledger, seconds, rssGrowth } = await child.ask('deliver');
    const [{ visitors: delivered, events: arrived } = { visitors: 0, events: 0 }] =
      await collector.ask('counts');
    await child.ask('close');
    return {
      kind,
      outage,
      ledger,
      seconds,
      rssGrowth,
      delivered,
      doubled: arrived - delivered,
      isLost: delivered < outage.offered,
      isOver: rssGrowth > kind.bound + SLACK,
    };
  } finally {
    await Promise.all([child?.stop(), collector.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

function report(all) {
  printTable(
    [
      'outbox',
      'offered',
      'delivered',
      'lost',
      'doubled',
      'peak queue MiB',
      'peak RSS growth MiB',
      'allowed',
      'heap at the end of the outage MiB',
      'offered in s',
      'delivered in s',
    ],
    all.map(({ kind, outage, delivered, doubled, rssGrowth, seconds }) => [
      kind.title,
      String(outage.offered),
      String(delivered),
      String(outage.offered - delivered),
      String(doubled),
      mebibytes(outage.queueBytes),
      mebibytes(rssGrowth),
      mebibytes(kind.bound + SLACK),
      mebibytes(outage.heapUsed),
      outage.seconds.toFixed(1),
      seconds.toFixed(1),
    ]),
  );
}

function mebibytes(bytes) {
  return (bytes / MIB).toFixed(1);
}
