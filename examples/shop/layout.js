/** What is around every page: head, demo bar, header, footer and consent banner. */
import { logo } from './art.js';
import { html, raw } from './html.js';
import { panel } from './panel.js';

export const countries = { DE: 'Germany', FR: 'France', IE: 'Ireland', US: 'United States' };

/** A page of the shop. `page` is what a function of pages.js returned, `view` is who looks at it (see shop.js). */
export function shopLayout({ title, body, bar }, view) {
  return documentOf({
    title,
    // The decisions of this request, as an attribute for styles and tests, and as window.__CV__ for scripts.
    attributes: raw(view.bridge.attribute()),
    head: raw(view.bridge.script({ nonce: view.nonce })),
    body: html`${demoBar(view)}
      <div class="frame">
        <div class="shop">
          ${raw(view.previewMark)} ${shopHeader(view.cartCount)}
          <main>${body}</main>
          ${footer()} ${bar} ${view.consent === 'unknown' && consentBanner(view.url)}
        </div>
        ${panel(view)}
      </div>`,
  });
}

/** The bare document. */
export function documentOf({ title, attributes, head, body }) {
  return html`<!doctype html>
    <html lang="en" ${attributes}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Kiln & Clover</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/styles.css" />
        ${head}
        <script src="/client.js" defer></script>
      </head>
      <body id="top">
        ${body}
      </body>
    </html>`;
}

/** @param whyIsBelow true on pages that have the panel: on a phone it stands below the shop */
export function demoBar({ url, country }, whyIsBelow = true) {
  return html`<aside class="demo-bar" aria-label="Demo">
    <form method="post" action="/visit-as">
      <input type="hidden" name="back" value="${url}" />
      <label
        >Visit from
        <select name="country" data-submit>
          <option value="">nowhere known</option>
          ${Object.entries(countries).map(
            ([code, name]) =>
              html`<option value="${code}" ${code === country && raw('selected')}>${name}</option>`,
          )}
        </select></label
      >
      <noscript><button>Go</button></noscript>
    </form>
    ${whyIsBelow && html`<a class="why-link" href="#why">Why this page?</a>`}
    <nav aria-label="Demo">
      <a href="/?utm_campaign=spring">Spring campaign</a>
      <a href="/collector" target="collector">Collector</a>
      <form method="post" action="/start-over"><button class="link">Start over</button></form>
    </nav>
  </aside>`;
}

export function shopHeader(cartCount) {
  return html`<header class="shop-header">
    <a class="brand" href="/">${logo}<span>Kiln & Clover</span></a>
    <nav aria-label="Shop">
      <a href="/#pots">Pots</a>
      <a class="cart-link" href="/cart">Cart <b data-cart-count>${cartCount}</b></a>
    </nav>
  </header>`;
}

function footer() {
  return html`<footer class="shop-footer">
    <p>Kiln & Clover. Tableware, thrown by hand in small batches.</p>
    <p>No pot is real, nothing is charged. A demo of convert-middleware.</p>
  </footer>`;
}

function consentBanner(url) {
  return html`<form class="bottom-bar consent" method="post" action="/consent" aria-label="Consent">
    <input type="hidden" name="back" value="${url}" />
    <p>
      <b>May we try things out?</b> We compare versions of this shop. With your yes, a cookie remembers yours.
    </p>
    <div>
      <button class="button small" name="consent" value="granted">Yes, fine</button>
      <button class="button small quiet" name="consent" value="denied">No, thanks</button>
    </div>
  </form>`;
}
