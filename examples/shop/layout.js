/** What is around every page: head, demo bar, header, consent banner, and the panel that says why. */
import { logo } from './art.js';
import { html, raw } from './html.js';

export const countries = { DE: 'Germany', FR: 'France', IE: 'Ireland', US: 'United States' };

/** A page of the shop. `page` is what a function of pages.js returned, `view` is who looks at it (see shop.js). */
export function shopLayout({ title, body }, view) {
  return documentOf({
    title,
    // The decisions of this request, as an attribute for styles and tests, and as window.__CV__ for scripts.
    attributes: raw(view.bridge.attribute()),
    head: raw(view.bridge.script({ nonce: view.nonce })),
    body: html`${demoBar(view)} ${shopHeader(view.cartCount)}
      <main>${body}</main>
      ${whyPanel(view)} ${footer()} ${view.consent === 'unknown' && consentBanner(view.url)}`,
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
      <body>
        ${body}
      </body>
    </html>`;
}

function demoBar({ url, country, device }) {
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
    <span class="demo-device">on a ${device === 'mobile' ? 'phone' : device}</span>
    <nav>
      <a href="/?utm_campaign=spring">Spring campaign</a>
      <a href="/collector" target="_blank">Collector</a>
      <form method="post" action="/start-over"><button class="link">Start over</button></form>
    </nav>
  </aside>`;
}

export function shopHeader(cartCount) {
  return html`<header class="shop-header">
    <a class="brand" href="/">${logo}<span>Kiln & Clover</span></a>
    <nav>
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
  return html`<form class="consent" method="post" action="/consent" aria-label="Consent">
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

/** The reasons that `explain` gives, in words. */
const REASONS = {
  bucketed: 'the rules match, and this is the variation that the visitor id draws',
  sticky: 'decided for this visitor, and kept',
  forced: 'forced',
  'not-found': 'the project has no such experience',
  archived: 'the experience is archived',
  environment: 'it runs in another environment',
  traffic: 'no variation of it is running',
  'not-decided': 'not on this page, or not for this audience, or not in the traffic',
  consent: 'no consent, so the original page: nothing is stored or sent',
  bot: 'a bot gets the original page and is never counted',
  'not-ready': 'no project config has arrived yet',
  'no-identity': 'decided, but not counted: the visitor could not be given an id',
  disabled: 'switched off for this request',
};

function whyPanel({ why, visitorId, consent, properties }) {
  return html`<section class="why" aria-labelledby="why-title">
    <h2 id="why-title">Why do I see this page?</h2>
    <p>
      Visitor <code data-visitor>${visitorId || 'without an id'}</code>, consent <code>${consent}</code>.
      ${Object.entries(properties).map(([name, value]) => html`<code class="property">${name} = ${value}</code> `)}
    </p>
    <ul>
      ${why.map(
        ({ experienceKey, variation, reason }) =>
          html`<li class="${variation ? 'is-in' : 'is-out'}">
            <code>${experienceKey}</code> <b>${variation?.name ?? 'no variation'}</b>
            <span><code class="reason">${reason}</code> ${REASONS[reason]}</span>
          </li>`,
      )}
    </ul>
    <p>Scripts of this page read <code data-bridge>window.__CV__</code></p>
  </section>`;
}
