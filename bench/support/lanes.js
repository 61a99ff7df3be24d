/**
 * Measures servers that do the same for each request in different ways, each in a process of its own: CPU time over
 * that of a bare route, beside a floor that no implementation gets below, and the time until the answer.
 */
import { startChild } from './children.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './statistics.js';
import { figure, printTable } from './table.js';

const BLOCK = 500;
/** The buyers have each bought once by then: the first order of a visitor has two events, and the floor sends one. */
const WARM_UP = { quick: 10, full: 16 };
const ROUNDS = { quick: 6, full: 30 };

/**
 * @param folder the URL of the folder with `server.js` and `load.js`. A server gets as its arguments its kind, the
 *   address of a collector and `secret`, and answers `port` and `cpu`; the load sends `block`s
 * @param ours the title of the server that is measured
 * @param others more servers to show: titles and kinds
 * @param requests what is sent, for the report
 * @param note what the floor does, for the report
 */
export async function measureLanes({ folder, secret, ours, others = [], requests, note, quick = false }) {
  const length = quick ? 'quick' : 'full';
  const collector = startChild(new URL('../http/collector.js', import.meta.url));
  const load = startChild(new URL('load.js', folder));
  const url = await collector.ask('listen');
  const lanes = [];
  try {
    for (const [nth, lane] of lanesOf(ours, others).entries()) {
      const args = [lane.kind, `${url}/lane-${nth}/`, secret];
      const server = startChild(new URL('server.js', folder), { args });
      lanes.push({ ...lane, server, port: await server.ask('port'), cpu: [], times: [] });
    }
    for (const lane of lanes)
      for (let block = 0; block < WARM_UP[length]; block += 1) await measure(lane, load, secret);
    for (const lane of lanes) Object.assign(lane, { cpu: [], times: [] });
    const random = randomFrom(11);
    for (let round = 0; round < ROUNDS[length]; round += 1)
      for (const lane of shuffled(lanes, random)) await measure(lane, load, secret);
    report(lanes, await collector.ask('counts'), { requests, note });
  } finally {
    await Promise.all([...lanes.map(({ server }) => server), load, collector].map((child) => child.stop()));
  }
}

const lanesOf = (ours, others) => [
  { title: 'bare route', kind: 'bare' },
  { title: 'bare route again (A/A)', kind: 'bare' },
  { title: 'floor', kind: 'floor' },
  ...others,
  { title: ours, kind: 'ours' },
];

async function measure({ server, port, cpu, times }, load, secret) {
  const before = await server.ask('cpu');
  times.push(...(await load.ask('block', { port, count: BLOCK, secret })));
  cpu.push(((await server.ask('cpu')) - before) / BLOCK);
}

function report(lanes, counts, { requests, note }) {
  const [bare, again] = lanes;
  const over = ({ cpu }) => undisturbed(cpu) - undisturbed(bare.cpu);
  const floor = lanes.find(({ kind }) => kind === 'floor');
  const spread = spreadOf(compare(bare.cpu, again.cpu));
  console.log(
    `\n${bare.cpu.length} rounds of ${BLOCK} ${requests}; A/A spread ${(spread * 100).toFixed(1)}%\n`,
  );
  printTable(
    ['', 'CPU us', 'over bare', 'to the floor', 'p50 ms', 'p99 ms'],
    lanes.map((lane) => [
      lane.title,
      figure(undisturbed(lane.cpu)),
      lane === bare ? '' : figure(over(lane)),
      lane.kind === 'bare' ? '' : (over(lane) / over(floor)).toFixed(2),
      figure(percentile(lane.times, 0.5)),
      figure(percentile(lane.times, 0.99)),
    ]),
  );
  const sent = counts.map(({ sender, events }) => `${sender} ${events}`);
  console.log(
    `\nEvents at the collector: ${sent.join(', ')}.\n` +
      'CPU: of the server process, for each request, with all that is left to do after the answers. To the floor: what is ' +
      `over\nthe bare route, as a multiple. ${note}\nTimes with 20 requests at once, of which each waits for the others.`,
  );
}

function percentile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
