/** Stands in for Convert's tracking endpoint, so that nothing leaves the machine. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** Give `url` as `endpoints.track`. `events` are what came, in words: `anna: exposure`. */
export async function startCollector() {
  const events = [];
  const server = createServer(async (request, response) => {
    for (const { visitorId, events: sent } of (await json(request)).visitors) {
      events.push(...sent.map((event) => `${visitorId}: ${inWords(event)}`));
    }
    // No connection stays open, which would keep the process alive.
    response.setHeader('connection', 'close').end('{}');
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return { events, url: `http://127.0.0.1:${server.address().port}` };
}

/** A conversion with data is a transaction. */
function inWords({ eventType, data: { goalData } }) {
  if (eventType === 'bucketing') return 'exposure';
  if (goalData === undefined) return 'conversion';
  return `transaction, ${goalData.map(({ key, value }) => `${key} ${value}`).join(', ')}`;
}
