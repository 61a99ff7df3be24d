/** h3, and Nitro, which is made of it: a middleware that puts the context at `event.context.convert`. */
import { withConvert } from 'convert-middleware/fetch';
import { H3, html, toResponse } from 'h3';

/** `options` are those of `withConvert`; without any, the project of `sdkKey` is fetched with the first request. */
export function heroApp(options = { sdkKey: '10035569/10034190' }) {
  const app = new H3();

  const handle = withConvert(async (request, convert, { platform: { event, next } }) => {
    event.context.convert = convert;
    return toResponse(await next(), event);
  }, options);
  app.use((event, next) => {
    const waitUntil = (promise) => event.waitUntil(promise);
    return handle(event.req, { ip: event.req.ip, waitUntil, platform: { event, next } });
  });

  app.get('/', (event) => {
    const hero = event.context.convert.runExperience('homepage-hero');
    return html`<h1>${hero?.key === 'version-b' ? 'Know what works.' : 'Welcome'}</h1>`;
  });
  return app;
}
