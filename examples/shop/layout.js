/** What is around every page: head, demo bar, header, consent banner, and the panel that says why. */
import { logo } from './art.js';
import { html, raw } from './html.js';

export const countries = { DE: 'Germany', FR: 'France', IE: 'Ireland', US: 'United States' };

/** A page of the shop. `page` is what a function of pages.js returned, `view` is who looks at it (see shop.js). */
export function shopLayout({ title, body, bar }, view) {
  return documentOf({
    title,
    // The decisions of this request, as an attribute for styles and tests, and as window.__CV__ for scripts.
    attributes: raw(view.bridge.attribute()),
    head: raw(view.bridge.script({ nonce: view.nonce })),
    body: html`${demoBar(view)} ${shopHeader(view.cartCount)}
      <main>${body}</main>
      ${whyPanel(view)} ${footer()} ${bar} ${view.consent === 'unknown' && consentBanner(view.url)}
      ${raw(view.previewMark)}`,
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

const DEVICES = { desktop: 'a desktop', tablet: 'a tablet', mobile: 'a phone' };

/** `device` is left out where no context of a request is at hand. */
export function demoBar({ url, country, device }) {
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
    ${device && html`<span>on ${DEVICES[device] ?? 'another device'}</span>`}
    <nav>
      <a href="/?utm_campaign=spring">Spring campaign</a>
      <a href="/collector" target="collector">Collector</a>
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

/** The reasons that `explain` gives, in words. */
const REASONS = {
  bucketed: 'decided now: the variation that the visitor id draws',
  sticky: 'decided before, and kept',
  forced: 'forced',
  preview: 'by a preview link: nothing is stored or sent',
  draft: 'not active yet, and shown all the same: nothing is stored or sent',
  'not-found': 'the project has no such experience',
  archived: 'the experience is archived',
  environment: 'it runs in another environment',
  location: 'not this page',
  audience: 'not this audience',
  segment: 'not in the segment',
  exclusion: 'in another experience, which excludes this one',
  traffic: 'left out by the traffic allocation, or no variation is running',
  'no-variations': 'it has no variation',
  consent: 'no consent, so the original page: nothing is stored or sent',
  bot: 'a bot gets the original page and is never counted',
  'not-ready': 'no project config has arrived yet',
  'state-unavailable': 'what is stored of the visitor could not be read',
  'no-identity': 'decided, but not counted: the visitor could not be given an id',
  disabled: 'switched off for this request',
  'shared-page': 'not in the key of a page that a cache keeps for each variation',
};

function whyPanel({ why, visitorId, consent, properties }) {
  const reasons = [...new Set(why.map(({ reason }) => reason))];
  return html`<section class="why" aria-labelledby="why-title">
    <h2 id="why-title">Why do I see this page?</h2>
    <p>
      Visitor <code data-visitor>${visitorId || 'without an id'}</code>, consent <code>${consent}</code>.
      ${Object.entries(properties).map(([name, value]) => html`<code class="property">${name} = ${value}</code> `)}
    </p>
    <ul>
      ${why.map(
        ({ experienceKey, needs, variation, reason }) =>
          html`<li class="${variation ? 'is-in' : 'is-out'}">
            <code>${experienceKey}</code> <b>${variation?.name ?? 'no variation'}</b>
            <code class="reason">${reason}</code> <span class="needs">only ${needs}</span>
          </li>`,
      )}
    </ul>
    <p class="hint">
      ${reasons.map((reason) => html`<code>${reason}</code>: ${REASONS[reason]}. `)} These codes come from
      <code>convert.explain()</code>; “only …” is how this demo words the rules.
    </p>
    <p>Scripts of this page read <code data-bridge>window.__CV__</code></p>
  </section>`;
}
