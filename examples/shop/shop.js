/** What the shop is on every framework: a rendered page with its headers, and what the checkout feature says. */
import { randomBytes } from 'node:crypto';
import { shopLayout } from './layout.js';
import { LATEST } from './panel.js';
import { totalsOf } from './products.js';

/** The experiences of project.json that the panel explains. */
const EXPERIENCES = ['home-hero', 'spring-banner', 'phone-buy-bar', 'checkout-push'];

const HERO = 'home-hero';
const DAY = 24 * 60 * 60 * 1000;

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

/**
 * Returns the function that makes the response to send for a page. It is called when everything is decided that the
 * page shows.
 *
 * @param instance the Convert of the shop
 * @param inbox what arrived at the collector (see inbox.js)
 */
export function pageRenderer(instance, inbox) {
  /**
   * @param convert the context of this request: `req.convert`, `ctx.convert`, `request.convert`
   * @param page what a function of pages.js returned
   * @param url path and query of the request
   * @param lines the cart
   */
  return function renderPage(convert, page, { url, lines }) {
    const nonce = randomBytes(16).toString('base64');
    const { country, device, utm_campaign, visitorType } = convert.visitorProperties;
    const { path } = convert.locationProperties;
    const properties = { path, country, device, utm_campaign, visitorType };
    const explanations = EXPERIENCES.map((key) => convert.explain(key));
    const view = {
      url,
      country,
      cartCount: totalsOf(lines, 0).count,
      consent: convert.consent,
      visitorId: convert.visitorId,
      properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)),
      explanations,
      heroes: path === '/' ? heroLinks(instance, convert, explanations) : [],
      ...inbox.look({ most: LATEST }),
      bridge: convert.bridge,
      previewMark: convert.previewMark(),
      nonce,
    };
    return {
      headers: { 'Content-Type': 'text/html; charset=utf-8', ...securityHeaders(nonce) },
      body: String(shopLayout(page, view)),
    };
  };
}

/** A signed link to each hero: whoever follows it sees that one, for a day, and is not counted. The first leads out. */
function heroLinks(instance, convert, explanations) {
  const { reason, variation } = explanations.find(({ experienceKey }) => experienceKey === HERO);
  const shown = reason === 'preview' ? variation?.key : undefined;
  // The project file may be edited while the shop runs: it need not have the experience.
  const { variations = [] } = convert.getConfigEntity(HERO, 'experience') ?? {};
  const expires = new Date(Date.now() + DAY);
  const previews = variations.map(({ key, name }) => ({
    key,
    name,
    link: instance.previewLink('/', { variations: { [HERO]: key }, expires }),
    isShown: key === shown,
  }));
  return [{ key: 'off', name: 'Yours', link: '/', isShown: shown === undefined }, ...previews];
}

/** The bridge is the one inline script that may run, by its nonce. */
export function securityHeaders(nonce) {
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      `script-src 'self' 'nonce-${nonce}'`,
      "style-src 'self'",
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
