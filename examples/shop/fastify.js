/** The shop on Fastify. */
import fastifyCookie from '@fastify/cookie';
import { convertPlugin, route } from 'convert-middleware/fastify';
import Fastify from 'fastify';
import { cartPage, checkoutPage, homePage, notFoundPage, productPage, thankYouPage } from './pages.js';
import { addToCart, findProduct, parseCart, setQuantity, writeCart } from './products.js';
import { cartCookie, checkoutOf } from './shop.js';

export async function createApp({ convert, orders, webhook, renderPage }) {
  const app = Fastify();
  await app.register(fastifyCookie);
  await app.register(convertPlugin, { convert });

  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request, body) => Object.fromEntries(new URLSearchParams(body)),
  );

  const linesOf = (request) => parseCart(request.cookies.cart);
  const show = (request, reply, page, status = 200) => {
    const { convert, originalUrl } = request;
    const { headers, body } = renderPage(convert, page, { url: originalUrl, lines: linesOf(request) });
    return reply.code(status).headers(headers).send(body);
  };

  app.get('/', (request, reply) => {
    const hero = request.convert.runExperience('home-hero');
    const banner = request.convert.runExperience('spring-banner');
    return show(request, reply, homePage({ hero: hero?.key, banner: banner?.key }));
  });

  app.get('/products/:id', (request, reply) => {
    const product = findProduct(request.params.id);
    if (!product) return reply.callNotFound();
    const buyBar = request.convert.runExperience('phone-buy-bar')?.key === 'buy-bar';
    return show(request, reply, productPage({ product, buyBar }));
  });

  app.get('/cart', (request, reply) => {
    const lines = linesOf(request);
    const { totals } = checkoutOf(request.convert.runFeature('checkout'), lines);
    return show(request, reply, cartPage({ lines, totals }));
  });

  app.post('/cart', (request, reply) => {
    const product = findProduct(request.body?.product);
    if (!product) return reply.callNotFound();
    request.convert.trackConversion('add-to-cart');
    reply.setCookie('cart', writeCart(addToCart(linesOf(request), product)), cartCookie);
    return reply.redirect('/cart', 303);
  });

  app.post('/cart/quantity', (request, reply) => {
    const product = findProduct(request.body?.product);
    if (!product) return reply.callNotFound();
    const lines = setQuantity(linesOf(request), product, request.body.quantity);
    reply.setCookie('cart', writeCart(lines), cartCookie);
    return reply.redirect('/cart', 303);
  });

  app.get('/checkout', (request, reply) => {
    const lines = linesOf(request);
    const { totals, button } = checkoutOf(request.convert.runFeature('checkout'), lines);
    if (lines.length > 0) request.convert.trackConversion('checkout-started');
    return show(request, reply, checkoutPage({ lines, totals, button }));
  });

  app.post('/checkout', async (request, reply) => {
    const lines = linesOf(request);
    if (lines.length === 0) return reply.redirect('/cart', 303);
    const { totals } = checkoutOf(request.convert.runFeature('checkout'), lines);
    // The order remembers who placed it: the webhook has no cookie.
    const order = await orders.place({ lines, totals, metadata: { visitor: request.convert.carry() } });
    return reply.clearCookie('cart', cartCookie).redirect(`/thank-you?order=${order.id}`, 303);
  });

  app.register(route(webhook), { prefix: '/webhooks/order-paid' });

  app.get('/thank-you', (request, reply) => {
    const order = orders.find(request.query.order);
    if (!order) return reply.callNotFound();
    return show(request, reply, thankYouPage({ order }));
  });

  app.setNotFoundHandler((request, reply) => show(request, reply, notFoundPage(), 404));
  return app;
}
