/**
 * What a webhook costs: CPU time of the server over that of a route that only reads the body, beside a floor that no
 * implementation gets below, and the time until the answer.
 */
import { startChild } from './support/children.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { figure, printTable } from './support/table.js';

export const name = 'webhook';
export const description = 'what counting an order costs over a bare route, beside a hand-made floor';

const SECRET = 'the secret of the webhook';
const BLOCK = 500;
/** Each visitor has bought once by then: the first order of a visitor has two events, and the floor sends one. */
const WARM_UP = { quick: 10, full: 16 };
const ROUNDS = { quick: 6, full: 20 };
const LANES = [
  { title: 'bare route', kind: 'bare' },
  { title: 'bare route again (A/A)', kind: 'bare' },
  { title: 'floor', kind: 'floor' },
  { title: 'conversionWebhook', kind: 'ours' },
];

export async function run({ quick = false } = {}) {
  const length = quick ? 'quick' : 'full';
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  const load = startChild(new URL('./webhook/load.js', import.meta.url));
  const url = await collector.ask('listen');
  const lanes = [];
  try {
    for (const [nth, lane] of LANES.entries()) {
      const args = [lane.kind, `${url}/lane-${nth}/`, SECRET];
      const server = startChild(new URL('./webhook/server.js', import.meta.url), { args });
      lanes.push({ ...lane, server, port: await server.ask('port'), cpu: [], times: [] });
    }
    for (const lane of lanes)
      for (let block = 0; block < WARM_UP[length]; block += 1) await measure(lane, load);
    for (const lane of lanes) Object.assign(lane, { cpu: [], times: [] });
    const random = randomFrom(11);
    for (let round = 0; round < ROUNDS[length]; round += 1)
      for (const lane of shuffled(lanes, random)) await measure(lane, load);
    report(lanes, await collector.ask('counts'));
  } finally {
    await Promise.all([...lanes.map(({ server }) => server), load, collector].map((child) => child.stop()));
  }
}

async function measure({ server, port, cpu, times }, load) {
  const before = await server.ask('cpu');
  times.push(...(await load.ask('block', { port, count: BLOCK, secret: SECRET })));
  cpu.push(((await server.ask('cpu')) - before) / BLOCK);
}

function report(lanes, counts) {
  const [bare, again] = lanes;
  const over = ({ cpu }) => undisturbed(cpu) - undisturbed(bare.cpu);
  const floor = lanes.find(({ kind }) => kind === 'floor');
  const spread = spreadOf(compare(bare.cpu, again.cpu));
  console.log(`\n${bare.cpu.length} rounds of ${BLOCK} orders; A/A spread ${(spread * 100).toFixed(1)}%\n`);
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
      'CPU: of the server process, for each order, with all that is left to do after the answers. To the floor: what is ' +
      'over\nthe bare route, as a multiple. The floor: one HMAC, one JSON.parse, one hash, one event by hand. Both send one ' +
      'event for\nan order: each visitor has bought before. Times with 20 orders at once, of which each waits for the others.',
  );
}

function percentile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
