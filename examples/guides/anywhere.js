/** A function below the handler decides without the request. On Koa. Run: node examples/guides/anywhere.js */
import { getConvert } from 'convert-middleware/async-context';
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: { experiences: { prices: ['original', 'version-b'] } },
  delivery: false,
});
const app = new Koa();
app.use(middleware);
app.use(async (ctx) => {
  ctx.body = `${ctx.convert.visitorId} pays ${await priceOf({ price: 49, salePrice: 39 })}`;
});
const server = app.listen(0);

/** This may be in any file. It gets a product, and no request. */
async function priceOf(product) {
  await null; // in the place of a database
  const prices = getConvert()?.runExperience('prices');
  return prices?.key === 'version-b' ? product.salePrice : product.price;
}

// Try it: three visitors at once, each of whom pays their own price.
await middleware.convert.ready(); // an app need not wait
const visits = ['anna', 'bert', 'cleo'].map(async (name) => {
  const browser = await openBrowser(server, { cv_vid: name });
  return browser.get('/');
});
console.log((await Promise.all(visits)).join('\n'));
// A job has no request, and gets the original.
console.log(`a job: ${await priceOf({ price: 49, salePrice: 39 })}`);

server.close();
await middleware.convert.close();
