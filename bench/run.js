/**
 * Runs the benches: all of them, or those that are named.
 *
 *     npm run bench                                   all, about six minutes
 *     npm run bench -- --quick                        all, about two minutes
 *     npm run bench -- http --framework fastify       one bench, one framework
 *     npm run bench -- http --profile profiles        with a CPU profile per variant, for Chrome's DevTools
 *
 * A bench is a file that exports `name`, `description` and `run(options)`. Add one by adding it to the list.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import * as delivery from './delivery.js';
import * as engine from './engine.js';
import * as heap from './heap.js';
import * as http from './http.js';
import * as parts from './parts.js';
import * as request from './request.js';
import * as stores from './stores.js';

const benches = [http, parts, request, engine, delivery, stores, heap];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    framework: { type: 'string', multiple: true },
    profile: { type: 'string' },
  },
});

const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are:`);
  for (const { name, description } of benches) console.error(`  ${name.padEnd(8)} ${description}`);
  process.exit(2);
}

const [cpu] = cpus();
console.log(`Node ${process.version}, ${cpus().length} x ${cpu?.model ?? 'unknown CPU'}`);
for (const bench of benches) {
  if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
  console.log(`\n== ${bench.name}: ${bench.description}`);
  await bench.run(values);
}
