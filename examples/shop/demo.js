/**
 * What a real shop would not have: answering the consent banner, visiting as somebody else, and the collector's page
 * with its switch.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { icon } from './art.js';
import { readForm } from './body.js';
import { countries, demoBar, documentOf, shopHeader } from './layout.js';
import { collectorPage } from './pages.js';
import { html } from './html.js';
import { securityHeaders } from './shop.js';

const file = (name) => readFileSync(new URL(name, import.meta.url));
const ASSETS = {
  '/styles.css': ['text/css; charset=utf-8', file('styles.css')],
  '/client.js': ['text/javascript; charset=utf-8', file('client.js')],
  '/icon.svg': ['image/svg+xml', icon],
};

/** The country that the demo bar has set: for the option `geo`. */
export function demoCountry(request) {
  return { country: /(?:^|;\s*)demo_country=([A-Z]{2})/.exec(request.headers.cookie ?? '')?.[1] };
}

/** A listener that answers what is the demo's, and leaves everything else to the app. */
export function withDemo(app, { convert, collector, inbox }) {
  const routes = {
    async 'POST /consent'(request, response) {
      const { consent, back } = await readForm(request);
      const answer = consent === 'granted' ? 'granted' : 'denied';
      redirect(response, back, [`consent=${answer}; Path=/; Max-Age=15552000; SameSite=Lax`]);
    },
    async 'POST /visit-as'(request, response) {
      const { country, back } = await readForm(request);
      const isKnown = Object.hasOwn(countries, country);
      redirect(response, back, [
        isKnown ? `demo_country=${country}; Path=/; SameSite=Lax` : gone('demo_country'),
      ]);
    },
    'POST /start-over'(_request, response) {
      redirect(response, '/', ['cv_vid', 'cv_ses', 'consent', 'cart', 'demo_country'].map(gone));
    },
    'GET /collector'(request, response) {
      const { title, body } = collectorPage(inbox.look());
      const bar = demoBar({ url: '/collector', ...demoCountry(request) }, false);
      const headers = securityHeaders(randomBytes(16).toString('base64'));
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers });
      response.end(
        String(
          documentOf({
            title,
            body: html`${bar}
              <div class="shop">
                ${shopHeader('')}
                <main>${body}</main>
              </div>`,
          }),
        ),
      );
    },
    'GET /collector.json'(request, response) {
      const after = Number(/[?&]after=(\d{1,9})(?:&|$)/.exec(request.url)?.[1] ?? 0);
      const { entries, ...news } = inbox.look({ after });
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      response.end(JSON.stringify({ ...news, entries: entries.join('') }));
    },
    // The form says which state it wants: pressed twice, or in two windows, it does no harm.
    async 'POST /collector/switch'(request, response) {
      const { collector: wanted, back } = await readForm(request);
      if (wanted === 'down') await collector.takeDown();
      if (wanted === 'up') {
        await collector.bringBack();
        // Nobody has to wait until the next attempt is due.
        void convert.flush();
      }
      redirect(response, back, []);
    },
  };

  return async function demo(request, response) {
    const [path] = request.url.split('?');
    const route = `${request.method} ${path}`;
    try {
      if (Object.hasOwn(ASSETS, path)) {
        const [type, body] = ASSETS[path];
        response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(body);
      } else if (Object.hasOwn(routes, route)) {
        await routes[route](request, response);
      } else {
        app(request, response);
      }
    } catch (error) {
      if (!response.headersSent) response.writeHead(error.status ?? 500);
      response.end();
    }
  };
}

const gone = (cookie) => `${cookie}=; Path=/; Max-Age=0`;

/** `back` comes with the form: only a path of this site is followed. */
function redirect(response, back, cookies) {
  const location = /^\/(?![/\\])[\x21-\x7e]*$/.test(back ?? '') ? back : '/';
  response.writeHead(303, { Location: location, 'Set-Cookie': cookies }).end();
}
