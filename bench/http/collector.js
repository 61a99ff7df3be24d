/** A process that takes events as Convert's tracking endpoint does, answers after 20 ms, and counts. */
import { createServer } from 'node:http';
import { answer } from '../support/children.js';

const DELAY = 20;

/** By the first segment of the path, which names the variant that sends. */
const counts = new Map();

function count(path, text) {
  const [, sender] = path.split('/');
  let seen = counts.get(sender);
  if (!seen) counts.set(sender, (seen = { posts: 0, events: 0, visitors: new Set() }));
  seen.posts += 1;
  for (const { visitorId, events } of JSON.parse(text).visitors) {
    seen.events += events.length;
    seen.visitors.add(visitorId);
  }
}

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    count(request.url, text);
    setTimeout(() => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'), DELAY);
  });
});
server.keepAliveTimeout = 0;

let port = 0;

const listen = () =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      ({ port } = server.address());
      resolve(`http://127.0.0.1:${port}`);
    });
  });

answer({
  /** Again after `leave`: at the same address. */
  listen,
  /** Refuses connections from now on. */
  leave: () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  counts: () =>
    [...counts].map(([sender, { posts, events, visitors }]) => ({
      sender,
      posts,
      events,
      visitors: visitors.size,
    })),
});
