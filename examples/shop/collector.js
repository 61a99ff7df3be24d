/**
 * Stands in for Convert: takes what the middleware sends, keeps it for the page to show, and serves the project's
 * config to servers that have its key. It can be taken down for a while.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { LOOPBACK } from './addresses.js';
import { readBody } from './body.js';

const MOST = 500;

/** @param project the path of the project file */
export async function startCollector(project) {
  const events = [];
  let count = 0;
  const {
    account_id: account,
    project: { id },
  } = JSON.parse(readFileSync(project, 'utf8'));
  const sdkKey = `${account}/${id}`;
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      const isConfig = request.url.split('?')[0] === `/config/${sdkKey}`;
      response.writeHead(isConfig ? 200 : 404, { 'Content-Type': 'application/json' });
      return response.end(isConfig ? readFileSync(project) : '{}');
    }
    try {
      const { visitors } = JSON.parse(String(await readBody(request)));
      for (const { visitorId, events: sent } of visitors) {
        for (const { eventType, data } of sent) {
          events.push({ number: ++count, at: new Date().toISOString(), visitorId, eventType, data });
        }
      }
      events.splice(0, events.length - MOST);
      response.setHeader('Content-Type', 'application/json').end('{}');
    } catch {
      response.writeHead(400).end();
    }
  });
  const open = async (port) => {
    if (server.listening) return;
    server.listen(port, LOOPBACK);
    await once(server, 'listening');
  };
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  await open(0);
  const { port } = server.address();
  // One change after the other, however fast somebody presses the switch.
  let change = Promise.resolve();
  const next = (step) => (change = change.then(step, step));
  return {
    url: `http://${LOOPBACK}:${port}`,
    /** The key with which a server of yours fetches the config. */
    sdkKey,
    /** The events as they came, the oldest first. */
    events,
    get isDown() {
      return !server.listening;
    },
    /** From now on, connections are refused. */
    takeDown: () => next(close),
    bringBack: () => next(() => open(port)),
    close: () => next(close),
  };
}

/** An event in words: ids become the names that the project gives them. */
export function describe({ number, at, visitorId, eventType, data }, project) {
  const common = { number, at, visitorId };
  if (eventType === 'bucketing') {
    const experience = project.experiences.find(({ id }) => id === String(data.experienceId));
    const variation = experience?.variations.find(({ id }) => id === String(data.variationId));
    return { ...common, kind: 'exposure', title: experience?.name, detail: variation?.name };
  }
  const title = project.goals.find(({ id }) => id === String(data.goalId))?.name;
  if (!data.goalData) return { ...common, kind: 'conversion', title };
  const { amount, productsCount, transactionId } = Object.fromEntries(
    data.goalData.map(({ key, value }) => [key, value]),
  );
  const detail = `${productsCount} item${productsCount === 1 ? '' : 's'}, order ${String(transactionId).slice(0, 8)}`;
  return { ...common, kind: 'transaction', title, detail, amount };
}
