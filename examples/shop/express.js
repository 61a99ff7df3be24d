/** The shop on Express. */
import { convertMiddleware, route } from 'convert-middleware/express';
import cookieParser from 'cookie-parser';
import express from 'express';
import { cartPage, checkoutPage, homePage, notFoundPage, productPage, thankYouPage } from './pages.js';
import { addToCart, findProduct, parseCart, setQuantity, writeCart } from './products.js';
import { cartCookie, checkoutOf } from './shop.js';

export function createApp({ convert, orders, webhook, renderPage }) {
  const app = express();
  app.disable('x-powered-by');
  app.post('/webhooks/order-paid', route(webhook));
  app.use(cookieParser());
  app.use(convertMiddleware(convert));

  const linesOf = (req) => parseCart(req.cookies.cart);
  const show = (req, res, page, status = 200) => {
    const { headers, body } = renderPage(req.convert, page, { url: req.originalUrl, lines: linesOf(req) });
    res.status(status).set(headers).send(body);
  };

  app.get('/', (req, res) => {
    const hero = req.convert.runExperience('home-hero');
    const banner = req.convert.runExperience('spring-banner');
    show(req, res, homePage({ hero: hero?.key, banner: banner?.key }));
  });

  app.get('/products/:id', (req, res, next) => {
    const product = findProduct(req.params.id);
    if (!product) return next();
    const buyBar = req.convert.runExperience('phone-buy-bar')?.key === 'buy-bar';
    show(req, res, productPage({ product, buyBar }));
  });

  app.get('/cart', (req, res) => {
    const lines = linesOf(req);
    const { totals } = checkoutOf(req.convert.runFeature('checkout'), lines);
    show(req, res, cartPage({ lines, totals }));
  });

  app.post('/cart', express.urlencoded(), (req, res, next) => {
    const product = findProduct(req.body.product);
    if (!product) return next();
    req.convert.trackConversion('add-to-cart');
    res.cookie('cart', writeCart(addToCart(linesOf(req), product)), cartCookie);
    res.redirect(303, '/cart');
  });

  app.post('/cart/quantity', express.urlencoded(), (req, res, next) => {
    const product = findProduct(req.body.product);
    if (!product) return next();
    res.cookie('cart', writeCart(setQuantity(linesOf(req), product, req.body.quantity)), cartCookie);
    res.redirect(303, '/cart');
  });

  app.get('/checkout', (req, res) => {
    const lines = linesOf(req);
    const { totals, button } = checkoutOf(req.convert.runFeature('checkout'), lines);
    if (lines.length > 0) req.convert.trackConversion('checkout-started');
    show(req, res, checkoutPage({ lines, totals, button }));
  });

  app.post('/checkout', async (req, res) => {
    const lines = linesOf(req);
    if (lines.length === 0) return res.redirect(303, '/cart');
    const { totals } = checkoutOf(req.convert.runFeature('checkout'), lines);
    // The order remembers who placed it: the webhook has no cookie.
    const order = await orders.place({ lines, totals, metadata: { visitor: req.convert.carry() } });
    res.clearCookie('cart', cartCookie).redirect(303, `/thank-you?order=${order.id}`);
  });

  app.get('/thank-you', (req, res, next) => {
    const order = orders.find(req.query.order);
    if (!order) return next();
    show(req, res, thankYouPage({ order }));
  });

  app.use((req, res) => show(req, res, notFoundPage(), 404));
  return app;
}
