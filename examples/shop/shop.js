/** What the shop is on every framework: a rendered page with its headers, and what the checkout feature says. */
import { randomBytes } from 'node:crypto';
import { shopLayout } from './layout.js';
import { totalsOf } from './products.js';

/** The experiences, and who is in them: our words for what project.json says in rules. */
const EXPERIENCES = {
  'home-hero': 'on the home page',
  'spring-banner': 'on the home page, after a visit with the spring campaign',
  'phone-buy-bar': 'on product pages, on a phone, from Germany',
  'checkout-push': 'in the cart and at the checkout',
};

/** Of the cookie that the cart is in. */
export const cartCookie = { httpOnly: true, sameSite: 'lax', path: '/' };

/** Without the feature, or where a variable of it is not set. */
const CHECKOUT = { buttonText: 'Place order', buttonColour: 'ink', freeShippingFrom: 100 };

/** The cart's sums and the order button, as the feature `checkout` has them for this visitor. */
export function checkoutOf(feature, lines) {
  const { buttonText, buttonColour, freeShippingFrom } = { ...CHECKOUT, ...feature.variables };
  return {
    totals: totalsOf(lines, freeShippingFrom * 100),
    button: { text: buttonText, colour: buttonColour },
  };
}

/** A signed link to each variation of the hero: whoever follows it sees that one, for a day, and is not counted. */
export function heroPreviews(convert, context) {
  const expires = new Date(Date.now() + 24 * 60 * 60 * 1000);
  const hero = context.getConfigEntity('home-hero', 'experience');
  return hero.variations.map(({ key, name }) => ({
    key,
    name,
    link: convert.previewLink('/', { variations: { 'home-hero': key }, expires }),
  }));
}

/**
 * The response to send for a page: call it when everything is decided that the page shows.
 *
 * @param convert the context of this request: `req.convert`, `ctx.convert`, `request.convert`
 * @param page what a function of pages.js returned
 * @param url path and query of the request
 * @param lines the cart
 */
export function renderPage(convert, page, { url, lines }) {
  const nonce = randomBytes(16).toString('base64');
  const { country, device, utm_campaign, visitorType } = convert.visitorProperties;
  const properties = { path: convert.locationProperties.path, country, device, utm_campaign, visitorType };
  const view = {
    url,
    nonce,
    country,
    device,
    cartCount: totalsOf(lines, 0).count,
    consent: convert.consent,
    visitorId: convert.visitorId,
    properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)),
    why: Object.entries(EXPERIENCES).map(([key, needs]) => ({ ...convert.explain(key), needs })),
    bridge: convert.bridge,
    previewMark: convert.previewMark({ nonce }),
  };
  return {
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...securityHeaders(nonce) },
    body: String(shopLayout(page, view)),
  };
}

/** The bridge is the one inline script that may run, by its nonce; the mark of a preview is the one inline style. */
export function securityHeaders(nonce) {
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      `script-src 'self' 'nonce-${nonce}'`,
      `style-src 'self' 'nonce-${nonce}'`,
      "img-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
  };
}
