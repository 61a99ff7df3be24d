/** Express behind one proxy: which address, host and protocol count. Run: node examples/guides/proxies.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: {
    experiences: {
      prices: { variations: ['original', 'version-b'], location: 'url is https://shop.example/prices' },
    },
  },
  delivery: false,
});
const app = express();
app.set('trust proxy', 'loopback'); // the proxy of this example; in production its network, such as '10.0.0.0/8'
app.use(middleware);
app.get('/prices', (req, res) => {
  const { reason } = req.convert.explain('prices');
  res.send(`${req.ip} is at ${req.convert.locationProperties.url}: ${reason}`);
});
const server = app.listen(0);

// Try it: a request as a proxy hands it on. The visitor has made up the first address.
await middleware.convert.ready(); // an app need not wait
const headers = {
  'x-forwarded-for': '6.6.6.6, 1.2.3.4',
  'x-forwarded-host': 'shop.example',
  'x-forwarded-proto': 'https',
};
const browser = await openBrowser(server);
const response = await browser.request('/prices', { headers });
console.log(await response.text());
const [cookie] = response.headers.getSetCookie();
console.log(`the cookie is ${cookie.includes('; Secure') ? 'Secure' : 'not Secure'}`);

server.close();
await middleware.convert.close();
