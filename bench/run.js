/**
 * Runs the benches: all of them, or those that are named.
 *
 *     npm run bench                                   all, about six minutes
 *     npm run bench -- --quick                        all, about two minutes
 *     npm run bench -- http --framework fastify       one bench, one framework
 *     npm run bench -- http --profile profiles        with a CPU profile per variant, for Chrome's DevTools
 *
 *     npm run bench -- engine --against ../before     this build and the one in that folder, which has a dist/
 *     npm run bench -- --against ../before            the same for each bench that compares builds
 *
 * With `--against`, both builds take turns in one run, and only our own code is measured. Each row has both builds,
 * their ratio, and the spread of each build against itself in the same run (A/A); a mark says where the ratio is off by
 * more than 5% and by more than that spread. The SDK and other contestants are left out. A bench takes up to four
 * minutes.
 *
 * A bench is a file that exports `name`, `description` and `run(options)`, and `runAgainst(options)` if it compares
 * builds. Add one by adding it to the list.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import * as assignment from './assignment.js';
import * as delivery from './delivery.js';
import * as engine from './engine.js';
import * as entries from './entries.js';
import * as heap from './heap.js';
import * as http from './http.js';
import * as imports from './import.js';
import * as jobs from './jobs.js';
import * as parts from './parts.js';
import * as request from './request.js';
import * as stores from './stores.js';
import * as webhook from './webhook.js';
import { buildIn } from './support/against.js';

const benches = [
  http,
  parts,
  request,
  engine,
  delivery,
  jobs,
  webhook,
  assignment,
  stores,
  heap,
  entries,
  imports,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    framework: { type: 'string', multiple: true },
    profile: { type: 'string' },
    against: { type: 'string' },
  },
});

const isAgainst = values.against !== undefined;
const known = benches.filter(({ runAgainst }) => !isAgainst || runAgainst);
const unknown = positionals.filter((name) => !known.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(', ')}${isAgainst ? ' that compares builds' : ''}. There are:`,
  );
  for (const { name, description } of known) console.error(`  ${name.padEnd(8)} ${description}`);
  process.exit(2);
}
const against = isAgainst ? buildIn(values.against) : undefined;

const [cpu] = cpus();
console.log(`Node ${process.version}, ${cpus().length} x ${cpu?.model ?? 'unknown CPU'}`);
for (const bench of known) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
  console.log(`\n== ${bench.name}: ${bench.description}`);
  await (isAgainst ? bench.runAgainst({ ...values, against }) : bench.run(values));
}
