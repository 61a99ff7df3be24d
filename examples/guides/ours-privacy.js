/** Two servers: one decides over HTTP, the other one asks it. Run: node examples/guides/ours-privacy.js */
import { createConvert } from 'convert-middleware';
import { assignmentRoutes } from 'convert-middleware/assignment';
import { convertMiddleware, route } from 'convert-middleware/express';
import { oursPrivacy } from 'convert-middleware/ours-privacy';
import express from 'express';
import { once } from 'node:events';
import { openBrowser } from './support/browser.js';

const TOKEN = 'a token of 16 characters or more';

// The server that decides. Ours Privacy's own one is asked in the same way.
const convert = createConvert({
  project: { experiences: { checkout_redesign: ['Control', 'Treatment'] } },
  delivery: false,
});
const deciding = express()
  .use(['/api/v1/experiments', '/api/v1/track'], route(assignmentRoutes(convert, { tokens: TOKEN })))
  .listen(0);
await once(deciding, 'listening');

// The server that asks.
const ours = oursPrivacy({
  token: TOKEN,
  endpoint: `http://localhost:${deciding.address().port}/api/v1`,
  timeout: 5000, // 150 by default; here, both servers have just started
  logger: false, // by default, the console has a line when nobody answers
});
const app = express();
app.use(convertMiddleware(ours));
app.get('/checkout', async (req, res) => {
  const { inExperiment, variantName } = await req.ours.assign('checkout_redesign');
  const page = inExperiment && variantName === 'Treatment' ? 'the new checkout' : 'the old checkout';
  res.send(`${page} (${req.ours.explain('checkout_redesign').reason})`);
});
const server = app.listen(0);

// Try it: two visitors whom the Web SDK has given an id, one without, and one while nobody decides.
await convert.ready(); // an app need not wait
for (const cookies of [{ _ours_user: 'anna' }, { _ours_user: 'dora' }, {}]) {
  const browser = await openBrowser(server, cookies);
  console.log(`${cookies._ours_user ?? 'nobody'}: ${await browser.get('/checkout')}`);
}
deciding.close();
deciding.closeAllConnections();
const browser = await openBrowser(server, { _ours_user: 'anna' });
console.log(`anna: ${await browser.get('/checkout')}`);

server.close();
await convert.close();
