/** Decisions over HTTP, for a backend in any language. Run: node examples/guides/assignment.js */
import { createConvert } from 'convert-middleware';
import { assignmentRoutes } from 'convert-middleware/assignment';
import { route } from 'convert-middleware/express';
import express from 'express';
import { once } from 'node:events';
import { startCollector } from './support/collector.js';

const TOKEN = 'a token of 16 characters or more';

const collector = await startCollector();
const convert = createConvert({
  project: {
    experiences: {
      'homepage-hero': ['original', 'version-b'],
      'german-banner': { variations: ['original', 'banner'], audience: 'country is DE' },
    },
    goals: ['purchase'],
  },
  endpoints: { track: collector.url },
});
const assignments = assignmentRoutes(convert, { tokens: TOKEN });

const app = express();
app.use(['/api/v1/experiments', '/api/v1/track'], route(assignments));
app.use(express.json()); // body parsers come after it
const server = app.listen(0);

// Try it: what a service in another language sends, and what it gets.
await once(server, 'listening');
await convert.ready(); // an app need not wait
async function ask(path, body, token = TOKEN) {
  const response = await fetch(`http://localhost:${server.address().port}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, visitor_id: 'anna', ...body }),
  });
  return { status: response.status, ...(await response.json()) };
}
const hero = '/experiments/assignments/homepage-hero';
const { status, in_experiment, variant_name } = await ask(hero, {});
console.log({ status, in_experiment, variant_name });

const { assignments: both } = await ask('/experiments/assignments', {
  experiment_keys: ['homepage-hero', 'german-banner'],
  properties: { country: 'FR' },
});
for (const { experiment_key, in_experiment } of both) console.log({ experiment_key, in_experiment });

const order = { event: 'purchase', distinctId: 'o-17', eventProperties: { amount: '49.90' } };
console.log((await ask('/track', order)).outcome);
console.log((await ask('/track', order)).outcome);
console.log(await ask(hero, {}, 'a guess that is long enough'));

server.close();
await convert.close();
console.log(collector.events.join('\n'));
