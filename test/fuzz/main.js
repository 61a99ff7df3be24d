/**
 * Sends hostile requests to Express, Koa and Fastify, as many as are asked for:
 *
 *     npm run fuzz                                        200,000 to each
 *     FUZZ_COUNT=20000 FUZZ_SEED=42 npm run fuzz          so many, those of a seed
 *     npm run fuzz -- Koa                                 to one of them
 *
 * Prints the seed, the heap after a garbage collection as it goes, and what the answers were. The exit code is 1 where
 * an answer is not as it should be, where somebody's rejection is nobody's, and where the heap grows.
 */
import { built } from '../support/built.js';

const count = Number(process.env.FUZZ_COUNT ?? 200_000);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
  console.error('FUZZ_COUNT and FUZZ_SEED take whole numbers');
  process.exit(2);
}
if (globalThis.gc === undefined) {
  console.error('The heap is measured after a garbage collection: node --expose-gc');
  process.exit(2);
}

/**
 * Bytes that the heap may be larger in the last eighth of the way than in the one before: what is remembered is full by
 * then.
 */
const MAX_GROWTH = 2 * 1024 * 1024;
const megabytes = (bytes) => (bytes / 1024 / 1024).toFixed(1);

const { fuzz, FRAMEWORK_NAMES } = await built('test/fuzz/run.ts');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !FRAMEWORK_NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are: ${FRAMEWORK_NAMES.join(', ')}`);
  process.exit(2);
}
console.log(`seed ${seed}`);
for (const framework of wanted.length > 0 ? wanted : FRAMEWORK_NAMES) await run(framework);

async function run(framework) {
  const heaps = [];
  const started = performance.now();
  const cpu = process.cpuUsage();
  let printed = 0;
  const { sent, statuses, refused, events, failures } = await fuzz({
    framework,
    count,
    seed,
    corpusAt: new URL('corpus/', import.meta.url),
    onProgress(done) {
      globalThis.gc();
      const { heapUsed } = process.memoryUsage();
      heaps.push({ done, heapUsed });
      if (done - printed < count / 8 && printed > 0) return;
      printed = done;
      console.log(`${framework}: ${done.toLocaleString('en')} requests, heap ${megabytes(heapUsed)} MB`);
    },
  });
  const least = (list) => Math.min(...list.map(({ heapUsed }) => heapUsed));
  const eighth = (number) =>
    heaps.filter(({ done }) => done > (count * (number - 1)) / 8 && done <= (count * number) / 8);
  const [before, last] = [eighth(7), eighth(8)];
  const growth = before.length > 0 && last.length > 0 ? least(last) - least(before) : 0;
  if (growth > MAX_GROWTH) failures.push(`the heap has grown by ${megabytes(growth)} MB`);
  const { user, system } = process.cpuUsage(cpu);
  const answers = Object.entries(statuses).map(
    ([status, number]) => `${number.toLocaleString('en')} x ${status}`,
  );
  console.log(
    `${framework}: ${sent.toLocaleString('en')} requests, ${answers.join(', ')}; ${refused} ended by the parser;` +
      ` ${events.toLocaleString('en')} events; heap ${growth < 0 ? '' : '+'}${megabytes(growth)} MB in the last eighth;` +
      ` ${Math.round((performance.now() - started) / 1000)} s, ${((user + system) / sent).toFixed(0)} us of CPU each, ours, the` +
      ` framework's and the client's`,
  );
  for (const failure of failures) console.error(`\n${framework}: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}
