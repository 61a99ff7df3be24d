/**
 * What the parts of one request cost, in one process and without a framework: through the public API, with requests
 * and responses as an adapter would describe them. The unit is CPU time, garbage collection included; blocks alternate
 * as in the http bench.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import ConvertSDK from '@convertcom/js-sdk';
import { createConvert } from 'convert-middleware';
import { sdkEngine } from 'convert-middleware/sdk-engine';
import { cookiesOf, pageViews } from './support/browsers.js';
import { startChild } from './support/children.js';
import { incoming, outgoing } from './support/http.js';
import { EXPERIENCE, EXPERIENCE_ID, GOAL, project } from './support/project.js';
import { compare, randomFrom, shuffled, spreadOf, undisturbed } from './support/statistics.js';
import { printTable } from './support/table.js';

export const name = 'parts';
export const description = 'CPU time of the single steps, without HTTP';

/** Milliseconds that a block takes about. */
const BLOCK = 15;
/** Not fewer: what is delivered goes in batches, as on a busy server. */
const MIN_OPERATIONS = 300;
/** Milliseconds per step. */
const WARM_UP = 150;
/** Operations between two turns of the event loop, in which what was collected is committed, as on a busy server. */
const TURN = 50;
/** Seconds of rounds. */
const BUDGET = { quick: 6, full: 30 };
const MIN_ROUNDS = 5;
const KNOWN = 1000;

export async function run({ quick = false } = {}) {
  const collector = startChild(new URL('./http/collector.js', import.meta.url));
  try {
    const track = await collector.ask('listen');
    const convert = createConvert({ project, endpoints: { track: `${track}/parts/` }, logger: false });
    await convert.ready();
    const steps = await stepsOf(convert);
    for (const step of steps) await calibrate(step);

    const random = randomFrom(7);
    const started = performance.now();
    const budget = (quick ? BUDGET.quick : BUDGET.full) * 1000;
    let rounds = 0;
    while (rounds < MIN_ROUNDS || performance.now() - started < budget) {
      for (const step of shuffled(steps, random)) step.cpu.push(await measure(step, step.operations));
      rounds += 1;
    }
    report(steps, rounds);
    await convert.close();
  } finally {
    await collector.stop();
  }
}

/** Each step: `operation(serial)`, and what is left to do after a block. */
async function stepsOf(convert) {
  const flush = () => convert.flush();
  const known = Array.from({ length: KNOWN }, () => cookiesOf(randomUUID()));
  for (const cookies of known) decideAgain(convert, cookies, 0);
  await turn();
  await flush();

  const engine = sdkEngine(ConvertSDK).load(project);
  const visitor = (state) => ({
    id: randomUUID(),
    state,
    environment: 'staging',
    locationProperties: new Map([['path', '/']]),
    visitorProperties: new Map([['device', 'desktop']]),
  });
  const stranger = visitor({});
  const decided = engine.experience(EXPERIENCE, stranger, {});
  const bucketing = { [EXPERIENCE_ID]: decided.variation.id };
  const sticky = { ...visitor({ bucketing, locations: decided.change.locations }), id: stranger.id };
  const returning = (serial) => returningRequest(known[serial % KNOWN], serial);
  const again = (serial) => decideAgain(convert, known[serial % KNOWN], serial);

  const list = [
    ['open(), unused', (serial) => convert.open(newRequest(serial), outgoing())],
    ['open(), visitorId, new visitor', (serial) => convert.open(newRequest(serial), outgoing()).visitorId],
    [
      'open(), visitorId, returning visitor',
      (serial) => convert.open(returning(serial), outgoing()).visitorId,
    ],
    [
      'open(), all properties, browser seen before',
      (serial) => allProperties(convert.open(newRequest(serial), outgoing())),
    ],
    [
      'open(), all properties, browser never seen',
      (serial) => allProperties(convert.open(rareRequest(serial), outgoing())),
    ],
    ['open(), peek, new visitor', (serial) => convert.open(newRequest(serial), outgoing()).peek(EXPERIENCE)],
    ['open(), runExperience, returning visitor', again],
    ['the same again (A/A)', again],
    [
      'open(), runExperience, new visitor, untracked: cookie, stored',
      (serial) => decide(convert, newRequest(serial), { enableTracking: false }),
      flush,
    ],
    [
      'open(), runExperience, new visitor: cookie, stored, delivered',
      (serial) => decide(convert, newRequest(serial)),
      flush,
    ],
    [
      'forVisitor(), trackConversion, new visitor: stored, delivered',
      async () => (await convert.forVisitor(randomUUID())).trackConversion(GOAL),
      flush,
    ],
    ['engine alone: new visitor', () => engine.experience(EXPERIENCE, stranger, {})],
    ['engine alone: sticky', () => engine.experience(EXPERIENCE, sticky, {})],
  ];
  return list.map(([title, operation, settle]) => ({ title, operation, settle, serial: 0, cpu: [] }));
}

/** How many operations make a block, once the code is compiled. */
async function calibrate(step) {
  const warm = async () => {
    const until = performance.now() + WARM_UP;
    let microseconds = 0;
    let operations = 0;
    while (performance.now() < until) {
      microseconds += (await measure(step, MIN_OPERATIONS)) * MIN_OPERATIONS;
      operations += MIN_OPERATIONS;
    }
    return microseconds / operations;
  };
  await warm();
  const cost = await warm();
  const wanted = Math.round((BLOCK * 1000) / cost);
  step.operations = Math.max(MIN_OPERATIONS, Math.ceil(wanted / TURN) * TURN);
}

/** What nobody looks at, the compiler leaves out. */
let last;

/** Microseconds of CPU time per operation. */
async function measure(step, operations) {
  const before = process.cpuUsage();
  for (let done = 0; done < operations; done += 1) {
    last = step.operation((step.serial += 1));
    if (last instanceof Promise) await last;
    if (done % TURN === TURN - 1) await turn();
  }
  await step.settle?.();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / operations;
}

function report(steps, rounds) {
  const again = steps.findIndex(({ title }) => title.endsWith('(A/A)'));
  const spread = spreadOf(compare(steps[again - 1].cpu, steps[again].cpu));
  console.log(`\n${rounds} rounds; A/A spread ${(spread * 100).toFixed(1)}%\n`);
  printTable(
    ['step', 'operations', 'us/op'],
    steps.map(({ title, operations, cpu }) => [title, String(operations), undisturbed(cpu).toFixed(2)]),
  );
}

function decide(convert, request, attributes) {
  const answer = outgoing();
  const variation = convert.open(request, answer).runExperience(EXPERIENCE, attributes);
  if (variation === null) throw new Error('the experience was not decided: there is nothing to measure');
  return [variation, answer.finish()];
}

/** A visitor who returns, and keeps what is set: that their session goes on, once a minute. */
function decideAgain(convert, cookies, serial) {
  const [variation, cookie] = decide(convert, returningRequest(cookies, serial));
  if (cookie !== undefined) cookies.keep([cookie]);
  return [variation, cookie];
}

function allProperties(context) {
  return [context.locationProperties, context.visitorProperties];
}

function newRequest(serial) {
  const { path, headers } = pageViews[serial % pageViews.length];
  return incoming(path, headers);
}

function returningRequest(cookies, serial) {
  const { path, headers } = pageViews[serial % pageViews.length];
  return incoming(path, { ...headers, cookie: cookies.text });
}

/** From a browser whose version nobody else has. */
function rareRequest(serial) {
  const { path, headers } = pageViews[serial % pageViews.length];
  return incoming(path, { ...headers, 'user-agent': `${headers['user-agent']} Build/${serial}` });
}
