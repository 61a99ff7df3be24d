/** Starts the shop: `npm run demo`, `npm run demo -- --framework koa`, `HOST=0.0.0.0 PORT=4000 npm run demo`. */
import { createConvert } from 'convert-middleware';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addressesOf, hostOf, LOOPBACK } from './addresses.js';
import { startCollector } from './collector.js';
import { demoCountry, withDemo } from './demo.js';
import { Inbox } from './inbox.js';
import { Orders, PretendPayments } from './orders.js';
import { pageRenderer } from './shop.js';
import { orderWebhook } from './webhook.js';

const PROJECT = fileURLToPath(new URL('project.json', import.meta.url));

/** From the framework's app to a listener of node:http. */
const FRAMEWORKS = {
  async express(shop) {
    const { createApp } = await import('./express.js');
    return createApp(shop);
  },
  async koa(shop) {
    const { createApp } = await import('./koa.js');
    return createApp(shop).callback();
  },
  async fastify(shop) {
    const { createApp } = await import('./fastify.js');
    const app = await createApp(shop);
    await app.ready();
    return app.routing;
  },
};

/**
 * @param port 0 for any free one
 * @param host the address that it listens at: 0.0.0.0 for every one of this machine
 */
export async function startShop({ framework = 'express', port = 3000, host = LOOPBACK } = {}) {
  if (!Object.hasOwn(FRAMEWORKS, framework)) {
    throw new Error(`no framework "${framework}": choose ${Object.keys(FRAMEWORKS).join(', ')}`);
  }
  const project = JSON.parse(readFileSync(PROJECT, 'utf8'));
  const collector = await startCollector(PROJECT);
  const convert = createConvert({
    project: PROJECT,
    environment: 'production',
    consent: { cookie: 'consent', granted: 'granted' },
    geo: demoCountry,
    // They sign what carries a visitor into an order, and the preview links. In a shop of yours, all processes have the
    // same ones.
    secrets: randomBytes(32).toString('hex'),
    preview: 'signed',
    endpoints: { track: collector.url },
  });
  // In a shop of yours, the payment provider tells you the secret.
  const secret = randomBytes(32).toString('hex');
  const server = createServer();
  const addresses = () => addressesOf(server.address());
  const payments = new PretendPayments({
    secret,
    webhookUrl: () => `${addresses().url}/webhooks/order-paid`,
  });
  const orders = new Orders(payments);
  const webhook = orderWebhook(convert, { secret, orders });
  const inbox = new Inbox({ convert, collector, webhook, project });
  const renderPage = pageRenderer(convert, inbox);
  const app = await FRAMEWORKS[framework]({ convert, orders, webhook, renderPage });
  server.on('request', withDemo(app, { convert, collector, inbox }));

  let closing;
  const close = () => (closing ??= closeAll());
  /** First the requests end, then what they left behind is sent, then nobody is needed to take it. */
  async function closeAll() {
    if (server.listening) await closeServer(server);
    await convert.close();
    await collector.close();
  }
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  const { url: endpoint, sdkKey, events } = collector;
  return { ...addresses(), convert, events, endpoint, sdkKey, secret, close };
}

async function closeServer(server) {
  const closed = once(server, 'close');
  server.close();
  const impatience = setTimeout(() => server.closeAllConnections(), 2_000);
  await closed;
  clearTimeout(impatience);
}

function portOf(text) {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`PORT=${text} is no port: choose a number up to 65535, or 0 for any free one`);
}

async function main() {
  const { values } = parseArgs({ options: { framework: { type: 'string', default: 'express' } } });
  const shop = await startShop({
    framework: values.framework,
    port: portOf(process.env.PORT || '3000'),
    host: hostOf(process.env.HOST || LOOPBACK),
  });
  const goodbye = async () => {
    await shop.close();
    const { accepted, delivered, dropped } = shop.convert.stats().delivery;
    console.log(`\n  Closed. ${accepted} accepted, ${delivered} delivered, ${dropped} dropped.\n`);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, goodbye);
  console.log(`
  Kiln & Clover is open, on ${values.framework}:  ${shop.url}
  ${networkText(shop.network)}

  1. Say yes in the banner: the home page becomes one of three, and stays that one. The panel says why.
  2. Look at the other heroes by the links in the panel; "Yours" leads back.
  3. Take the collector down, put something into the cart and buy it: the events wait. Bring the collector back: nothing
     is lost. ${shop.url}/collector shows all that Convert would be sent.
  4. Come with a campaign: ${shop.url}/?utm_campaign=spring
  5. Be on a phone in Germany: choose the country above the page, and a phone in your browser's device toolbar.
  6. Edit examples/shop/project.json while it runs; within about two seconds it is read again. Give a
     variation of "home-hero" the "status": "stopped", or another "traffic_allocation", and start over.

  7. Let a server of your own run its experiences, as with a key of Convert:
     convertMiddleware({ sdkKey: '${shop.sdkKey}', environment: 'production',
       endpoints: { config: '${shop.endpoint}', track: '${shop.endpoint}' } })

  docs/start/demo.md tells more.
`);
}

function networkText(network) {
  return network.length > 0
    ? `For a phone, and for everybody in your network:  ${network.join('  ')}`
    : 'For a phone in your network: HOST=0.0.0.0 npm run demo';
}

const FAILURES = {
  EADDRINUSE: ({ port }) => `port ${port} is taken; choose another one: PORT=${port + 1} npm run demo`,
  EADDRNOTAVAIL: ({ address }) =>
    `HOST=${address} is no address of this machine; 0.0.0.0 is every one of them`,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(FAILURES[error.code]?.(error) ?? error.message);
    process.exitCode = 1;
  });
}
