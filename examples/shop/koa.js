/** The shop on Koa. */
import { convertMiddleware, route } from 'convert-middleware/koa';
import Koa from 'koa';
import { readForm } from './body.js';
import { cartPage, checkoutPage, homePage, notFoundPage, productPage, thankYouPage } from './pages.js';
import { addToCart, findProduct, parseCart, setQuantity, writeCart } from './products.js';
import { cartCookie, checkoutOf } from './shop.js';

export function createApp({ convert, orders, webhook, renderPage }) {
  const app = new Koa();
  app.use(convertMiddleware(convert));

  const linesOf = (ctx) => parseCart(ctx.cookies.get('cart'));
  const show = (ctx, page, status = 200) => {
    const { headers, body } = renderPage(ctx.convert, page, { url: ctx.originalUrl, lines: linesOf(ctx) });
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  };
  const seeOther = (ctx, path) => {
    ctx.redirect(path);
    ctx.status = 303;
  };

  const routes = {
    'GET /'(ctx) {
      const hero = ctx.convert.runExperience('home-hero');
      const banner = ctx.convert.runExperience('spring-banner');
      show(ctx, homePage({ hero: hero?.key, banner: banner?.key }));
    },

    'GET /products/:id'(ctx, next) {
      const product = findProduct(ctx.path.split('/').at(-1));
      if (!product) return next();
      const buyBar = ctx.convert.runExperience('phone-buy-bar')?.key === 'buy-bar';
      show(ctx, productPage({ product, buyBar }));
    },

    'GET /cart'(ctx) {
      const lines = linesOf(ctx);
      const { totals } = checkoutOf(ctx.convert.runFeature('checkout'), lines);
      show(ctx, cartPage({ lines, totals }));
    },

    async 'POST /cart'(ctx, next) {
      const product = findProduct((await readForm(ctx.req)).product);
      if (!product) return next();
      ctx.convert.trackConversion('add-to-cart');
      ctx.cookies.set('cart', writeCart(addToCart(linesOf(ctx), product)), cartCookie);
      seeOther(ctx, '/cart');
    },

    async 'POST /cart/quantity'(ctx, next) {
      const { product: id, quantity } = await readForm(ctx.req);
      const product = findProduct(id);
      if (!product) return next();
      ctx.cookies.set('cart', writeCart(setQuantity(linesOf(ctx), product, quantity)), cartCookie);
      seeOther(ctx, '/cart');
    },

    'GET /checkout'(ctx) {
      const lines = linesOf(ctx);
      const { totals, button } = checkoutOf(ctx.convert.runFeature('checkout'), lines);
      if (lines.length > 0) ctx.convert.trackConversion('checkout-started');
      show(ctx, checkoutPage({ lines, totals, button }));
    },

    async 'POST /checkout'(ctx) {
      const lines = linesOf(ctx);
      if (lines.length === 0) return seeOther(ctx, '/cart');
      const { totals } = checkoutOf(ctx.convert.runFeature('checkout'), lines);
      // The order remembers who placed it: the webhook has no cookie.
      const order = await orders.place({ lines, totals, metadata: { visitor: ctx.convert.carry() } });
      ctx.cookies.set('cart', null, cartCookie);
      seeOther(ctx, `/thank-you?order=${order.id}`);
    },

    'POST /webhooks/order-paid': route(webhook),

    'GET /thank-you'(ctx, next) {
      const order = orders.find(ctx.query.order);
      if (!order) return next();
      show(ctx, thankYouPage({ order }));
    },
  };

  // Koa comes without a router. Yours would be @koa/router; nine routes do without.
  app.use((ctx, next) => {
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
    const path = ctx.path.replace(/^\/products\/[^/]+$/, '/products/:id');
    const route = `${method} ${path}`;
    return Object.hasOwn(routes, route) ? routes[route](ctx, next) : next();
  });
  app.use((ctx) => show(ctx, notFoundPage(), 404));
  return app;
}
