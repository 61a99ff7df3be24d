/** Visitors of the official SDK keep their variations. Run: node examples/guides/moving-from-the-sdk.js */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk');

const collector = await startCollector();
const project = JSON.parse(await readFile(new URL('../project.json', import.meta.url), 'utf8'));

// The data store of the old app: any `{ get, set }`.
const documents = new Map();
const db = { get: (key) => documents.get(key), set: (key, value) => documents.set(key, value) };

// Before: the official SDK decides, and stores that.
const sdk = new ConvertSDK({
  data: structuredClone(project),
  dataStore: db,
  environment: 'staging',
  api: { endpoint: { config: collector.url, track: collector.url } },
  logger: { logLevel: 5, customLoggers: [] },
});
await sdk.onReady();
const context = sdk.createContext('dora');
const before = context.runExperience('homepage-hero', { locationProperties: { path: '/' } });
console.log(`before: ${before.key}`);
await context.releaseQueues();

// From now on, new visitors get the other variation only.
for (const variation of project.experiences[0].variations) {
  variation.traffic_allocation = variation.key === before.key ? 0 : 100;
}

// After: the same store, and the same ids.
const middleware = convertMiddleware({
  project,
  store: db,
  visitor: { id: (req) => req.get('x-user') },
  endpoints: { track: collector.url },
});
const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  const { reason } = req.convert.explain('homepage-hero');
  res.send(`${req.convert.runExperience('homepage-hero')?.key} (${reason})`);
});
const server = app.listen(0);

// Try it: the visitor of the SDK, and a new one.
await middleware.convert.ready(); // an app need not wait
const browser = await openBrowser(server);
for (const user of ['dora', 'emil']) console.log(`${user}: ${await browser.get('/', { 'x-user': user })}`);

server.close();
await middleware.convert.close();
console.log(collector.events.join('\n'));
