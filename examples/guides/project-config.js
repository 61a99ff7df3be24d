/** A start while Convert's config endpoint fails: the last one was kept. Run: node examples/guides/project-config.js */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConvert } from 'convert-middleware';

const folder = await mkdtemp(join(tmpdir(), 'convert-')); // in production one that stays, such as /var/cache/shop

// Stands in for Convert's endpoint, so that nothing leaves the machine.
const config = await readFile(new URL('../project.json', import.meta.url));
let fails = false;
const endpoint = createServer((request, response) => response.writeHead(fails ? 503 : 200).end(config));
endpoint.listen(0, '127.0.0.1').unref();
await once(endpoint, 'listening');

/** A start of the app. */
async function start(name) {
  const convert = createConvert({
    sdkKey: '1000/2001',
    endpoints: { config: `http://127.0.0.1:${endpoint.address().port}` },
    projectCache: folder,
    delivery: false,
    logger: false,
  });
  await convert.ready();
  const visitor = await convert.forVisitor('anna');
  const { variation } = visitor.explain('homepage-hero');
  const { fromCache } = convert.stats().project;
  console.log(`${name}: ${variation.key}, the config is ${fromCache ? 'the kept one' : 'new'}`);
  return convert;
}

// Try it: the endpoint fails at the second start.
const first = await start('first start');
// The config is kept in the background.
while (!(await readdir(folder, { recursive: true })).some((file) => file.endsWith('.json'))) await sleep(5);
await first.close();
fails = true;
const second = await start('second start');
await second.close();
await rm(folder, { recursive: true });
