/** React, streamed: the hero is decided after the head was sent. Run: node examples/react.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { createElement as h, Suspense, use } from 'react';
import { renderToPipeableStream } from 'react-dom/server';
import { setTimeout as sleep } from 'node:timers/promises';
import { offline } from './offline.js';

/** A component that waits for data, and decides then. */
function Hero({ convert, products }) {
  const count = use(products);
  const hero = convert.runExperience('homepage-hero');
  return h(
    'main',
    null,
    h('h1', null, hero?.key === 'bold' ? 'Know what works.' : 'Welcome'),
    h('p', null, `Variation: ${hero?.name ?? 'none'}, ${count} products`),
    // Behind the decision, so that the script has it. Everything in it is escaped.
    h('div', { hidden: true, dangerouslySetInnerHTML: { __html: convert.bridge.script() } }),
  );
}

function Page(props) {
  return h(
    'html',
    { lang: 'en' },
    h('head', null, h('meta', { charSet: 'utf-8' }), h('title', null, 'React')),
    h('body', null, h(Suspense, { fallback: h('p', null, 'One moment') }, h(Hero, props))),
  );
}

/** @param options options of the middleware */
export function createApp(options) {
  const app = express();
  app.use(convertMiddleware(options));
  app.get('/', (req, res) => {
    const { convert } = req;
    // Read before the stream begins: the cookie of a new visitor goes with the head, and the decision comes after it.
    void convert.visitorId;
    const products = sleep(50, 3); // of a database
    const { pipe } = renderToPipeableStream(h(Page, { convert, products }), {
      nonce: res.locals.cspNonce, // of React's own scripts, if there is a Content-Security-Policy
      onShellReady() {
        res.type('html');
        pipe(res);
      },
    });
  });
  return app;
}

if (process.argv[1] === import.meta.filename) {
  const server = createApp(await offline()).listen(process.env.PORT ?? 3000, () => {
    console.log(`http://localhost:${server.address().port}`);
  });
}
