/** A feature with variables, which the variations of a test fill in. Run: node examples/guides/features.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const middleware = convertMiddleware({
  project: {
    experiences: {
      'price-test': {
        variations: {
          original: { features: { 'buy-button': { price: 49, caption: 'Buy' } } },
          cheap: { features: { 'buy-button': { price: 39, caption: 'Get it' } } },
        },
      },
    },
  },
  endpoints: { track: collector.url },
});

const app = express();
app.use(middleware);
app.get('/products/:id', (req, res) => {
  const button = req.convert.runFeature('buy-button');
  const { price, caption } = button.status === 'enabled' ? button.variables : { price: 49, caption: 'Buy' };
  res.send(`<button>${caption} for ${price} EUR</button>`);
});
const server = app.listen(0);

// Try it: two visitors, of whom each gets another price. Both are counted once.
await middleware.convert.ready(); // an app need not wait
for (const name of ['anna', 'bert', 'anna']) {
  const browser = await openBrowser(server, { cv_vid: name });
  console.log(`${name}: ${await browser.get('/products/vase')}`);
}
server.close();
await middleware.convert.close();
console.log(collector.events.join('\n'));
