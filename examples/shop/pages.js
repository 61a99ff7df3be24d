/** The pages of the shop: what was decided and what is for sale go in, HTML comes out. */
import { pot } from './art.js';
import { html } from './html.js';
import { sent } from './panel.js';
import { findProduct, products } from './products.js';

const euro = new Intl.NumberFormat('en-IE', {
  style: 'currency',
  currency: 'EUR',
  trailingZeroDisplay: 'stripIfInteger',
});
export const price = (cents) => euro.format(cents / 100);

/** The variations of `home-hero`, by key. */
const HEROES = {
  original: {
    eyebrow: 'New from the kiln',
    title: 'Pottery for the everyday table',
    text: 'Cups, bowls and plates that are made to be used: thrown by hand, fired twice, safe in the dishwasher.',
    action: 'See all pots',
    href: '#pots',
    show: 'harvest-jug',
  },
  story: {
    eyebrow: 'How we work',
    title: 'Forty hours in every cup',
    text: 'Thrown, dried, trimmed, fired, glazed and fired again. Two of us, one kiln, and no hurry at all.',
    action: 'Meet the Dawn mug',
    href: '/products/dawn-mug',
    show: 'dawn-mug',
    facts: [
      ['12 h', 'drying under cloth'],
      ['18 h', 'first firing, 980°'],
      ['10 h', 'glaze firing, 1240°'],
    ],
  },
  gift: {
    eyebrow: 'For somebody you like',
    title: 'A present for every morning',
    text: 'Wrapped in linen, with a card in your own words. Sent in two days, loved for twenty years.',
    action: 'Find a present',
    href: '#pots',
    show: 'moss-teapot',
  },
};

/** The variations of `spring-banner`. */
const BANNERS = {
  'new-glazes': 'Spring is in: three new glazes came out of the kiln this week.',
  'gift-wrap': 'Spring is in: this week every order is wrapped in linen, free of charge.',
};

export function homePage({ hero = 'original', banner }) {
  const { eyebrow, title, text, action, href, show, facts } = HEROES[hero] ?? HEROES.original;
  return {
    title: 'Handmade tableware',
    body: html`${BANNERS[banner] && html`<p class="banner" data-banner="${banner}">${BANNERS[banner]}</p>`}
      <section class="hero hero-${hero}" data-hero="${hero}">
        <div class="hero-text">
          <p class="eyebrow">${eyebrow}</p>
          <h1>${title}</h1>
          <p>${text}</p>
          <a class="button" href="${href}">${action}</a>
          ${
            facts &&
            html`<dl class="facts">
              ${facts.map(
                ([value, name]) =>
                  html`<div>
                    <dt>${value}</dt>
                    <dd>${name}</dd>
                  </div>`,
              )}
            </dl>`
          }
        </div>
        <div class="hero-art">${pot(findProduct(show))}</div>
      </section>
      <section id="pots">
        <h2>This month’s pots</h2>
        <ul class="products">
          ${products.map(
            (product) =>
              html`<li>
                <a href="/products/${product.id}">
                  <div class="tile tile-${product.glaze}">${pot(product)}</div>
                  <h3>${product.name}</h3>
                  <p><span>${product.size}</span><b>${price(product.price)}</b></p>
                </a>
              </li>`,
          )}
        </ul>
      </section>`,
  };
}

export function productPage({ product, buyBar }) {
  const buy = html`<form method="post" action="/cart">
    <input type="hidden" name="product" value="${product.id}" />
    <button class="button">Add to cart</button>
  </form>`;
  return {
    title: product.name,
    body: html`<section class="product">
      <div class="tile tile-${product.glaze}">${pot(product)}</div>
      <div>
        <p class="eyebrow">Small batch, ${product.size}</p>
        <h1>${product.name}</h1>
        <p class="price">${price(product.price)}</p>
        <p>${product.about}</p>
        ${!buyBar && buy}
        <ul class="promises">
          <li>Leaves the studio within two days</li>
          <li>Broken on the way? We make you another.</li>
          <li>Dishwasher, oven and everyday safe</li>
        </ul>
      </div>
    </section>`,
    // In the place of the button: two of the same would be one too many on a phone.
    bar:
      buyBar &&
      html`<div class="bottom-bar" data-buy-bar>
        <p><b>${price(product.price)}</b> Pay later, by invoice</p>
        ${buy}
      </div>`,
  };
}

export function cartPage({ lines, totals }) {
  if (lines.length === 0) return emptyCart();
  return {
    title: 'Cart',
    body: html`<section class="order">
      <div>
        <h1>Your cart</h1>
        ${linesOf(lines, quantityForm)}
      </div>
      <div class="summary">
        ${sumsOf(totals)}
        <p class="hint">
          ${
            totals.missing > 0
              ? html`${price(totals.missing)} more, and shipping is free.`
              : 'Shipping is on us. Thank you!'
          }
        </p>
        <a class="button" href="/checkout">Go to checkout</a>
      </div>
    </section>`,
  };
}

export function checkoutPage({ lines, totals, button }) {
  if (lines.length === 0) return emptyCart();
  return {
    title: 'Checkout',
    body: html`<section class="order">
      <form id="order" method="post" action="/checkout">
        <h1>Where shall it go?</h1>
        <label>Name <input name="name" autocomplete="name" value="Ada Example" required /></label>
        <label
          >Street <input name="street" autocomplete="street-address" value="Kiln Lane 4" required
        /></label>
        <label>Town <input name="town" autocomplete="address-level2" value="Potters Green" required /></label>
        <p class="hint">This is a demo: nothing is charged, and nothing that you write here is kept.</p>
      </form>
      <div class="summary">
        ${linesOf(lines)} ${sumsOf(totals)}
        <button class="button tone-${button.colour}" form="order" data-place-order>${button.text}</button>
      </div>
    </section>`,
  };
}

export function thankYouPage({ order }) {
  return {
    title: 'Thank you',
    body: html`<section class="notice" data-order="${order.status}">
      ${pot({ shape: 'parcel', glaze: 'honey', name: 'A wrapped parcel' })}
      <p class="eyebrow">Order ${order.id.slice(0, 8)}, ${order.status}</p>
      <h1>Thank you! Your pots are being wrapped.</h1>
      <p>
        ${order.count} ${order.count === 1 ? 'piece' : 'pieces'} for ${price(order.total)}.
        ${
          order.metadata.visitor
            ? 'The payment provider’s webhook has counted the purchase: no script on this page had to.'
            : 'You did not consent, so nobody has counted it.'
        }
      </p>
      <a class="button" href="/">Back to the shop</a>
      <a class="button quiet" href="/collector" target="collector">See it at the collector</a>
    </section>`,
  };
}

export function notFoundPage() {
  return {
    title: 'Not found',
    body: html`<section class="notice">
      ${pot({ shape: 'shards', glaze: 'clay', name: 'A mug in two pieces' })}
      <p class="eyebrow">404</p>
      <h1>This one broke in the kiln.</h1>
      <a class="button" href="/">Back to the shop</a>
    </section>`,
  };
}

/** @param news what `Inbox.look()` returns */
export function collectorPage(news) {
  return {
    title: 'Collector',
    body: html`<div class="collector">
      <h1>The collector</h1>
      <p>
        This stands in for Convert’s tracking endpoint. Leave it open beside the shop: what the middleware
        sends appears here, the newest first.
      </p>
      <p>
        A purchase is two events: the conversion, once per visitor, and its transaction, with the revenue.
      </p>
      <p>The payment provider’s webhooks: <b data-webhooks>${news.webhooks}</b></p>
      ${sent({ ...news, url: '/collector' }, Infinity)}
      <p class="hint empty">
        Nothing yet. Accept in the shop’s consent banner, then look around and buy something.
      </p>
      <noscript><p>Without JavaScript, reload the page to see what has come since.</p></noscript>
    </div>`,
  };
}

function emptyCart() {
  return {
    title: 'Cart',
    body: html`<section class="notice">
      ${pot({ shape: 'basket', glaze: 'oat', name: 'An empty basket' })}
      <h1>Your cart is empty.</h1>
      <p>The shelf is not.</p>
      <a class="button" href="/#pots">See all pots</a>
    </section>`,
  };
}

/** @param extra what stands below the name: a function of the line */
function linesOf(lines, extra = () => '') {
  return html`<ul class="lines">
    ${lines.map(
      ({ product, quantity }) =>
        html`<li data-line="${product.id}">
          <div class="tile tile-${product.glaze}">${pot(product)}</div>
          <div>
            ${product.name}<small>${quantity} × ${price(product.price)}</small>
            ${extra({ product, quantity })}
          </div>
          <b>${price(quantity * product.price)}</b>
        </li>`,
    )}
  </ul>`;
}

/** Its buttons say how many there shall be, not how many more: pressed twice, they do no harm. */
function quantityForm({ product, quantity }) {
  return html`<form class="quantity" method="post" action="/cart/quantity">
    <input type="hidden" name="product" value="${product.id}" />
    <button name="quantity" value="${quantity - 1}" aria-label="One ${product.name} less">−</button>
    <b>${quantity}</b>
    <button name="quantity" value="${quantity + 1}" aria-label="One ${product.name} more">+</button>
    <button class="link" name="quantity" value="0" aria-label="Remove ${product.name}">Remove</button>
  </form>`;
}

function sumsOf({ goods, shipping, total }) {
  return html`<dl class="sums">
    <div>
      <dt>Pots</dt>
      <dd>${price(goods)}</dd>
    </div>
    <div>
      <dt>Shipping</dt>
      <dd>${shipping === 0 ? 'free' : price(shipping)}</dd>
    </div>
    <div class="total">
      <dt>Total</dt>
      <dd>${price(total)}</dd>
    </div>
  </dl>`;
}
