/** Visitors keep their variation over a restart with other weights. Run: node examples/guides/visitor-state.js */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertPlugin } from 'convert-middleware/fastify';
import { lmdbStore } from 'convert-middleware/lmdb';
import Fastify from 'fastify';
import { openBrowser } from './support/browser.js';

const folder = await mkdtemp(join(tmpdir(), 'convert-')); // in production one that stays, such as /var/lib/shop

/** A start of the app. */
async function start(weights) {
  const app = Fastify();
  await app.register(convertPlugin, {
    project: { experiences: { prices: weights } },
    store: lmdbStore(folder), // npm install lmdb
    delivery: false,
  });
  app.get('/', async ({ convert }) => {
    const { variation, reason } = convert.explain('prices');
    convert.runExperience('prices');
    return `${variation.key} (${reason})`;
  });
  await app.listen({ port: 0 });
  await app.convert.ready(); // an app need not wait
  return app;
}

// Try it: the weights change with a restart. Only new visitors follow them.
const before = await start({ original: 100, sale: 0 });
console.log(`anna: ${await (await openBrowser(before.server, { cv_vid: 'anna' })).get('/')}`);
await before.close();
const after = await start({ original: 0, sale: 100 });
for (const name of ['anna', 'bert']) {
  const browser = await openBrowser(after.server, { cv_vid: name });
  console.log(`${name}, after the restart: ${await browser.get('/')}`);
}
await after.close();
await rm(folder, { recursive: true });
