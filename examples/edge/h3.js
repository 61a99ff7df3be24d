/** h3, on which Nitro runs: a middleware that puts the context at `event.context.convert`. */
import { createConvert, withConvert } from 'convert-middleware/fetch';
import { H3, html, toResponse } from 'h3';

/** `options` are those of `createConvert`; without any, the project of `sdkKey` is fetched with the first request. */
export function heroApp(options = { sdkKey: '10035569/10034190' }) {
  const convert = createConvert(options);
  const app = new H3();

  app.use((event, next) => {
    const handle = withConvert(async (_, context) => {
      event.context.convert = context;
      return toResponse(await next(), event);
    }, convert);
    const waitUntil = (promise) => event.waitUntil(promise);
    return handle(event.req, { ip: event.req.ip, waitUntil });
  });

  app.get('/', (event) => {
    const hero = event.context.convert.runExperience('homepage-hero');
    return html`<h1>${hero?.key === 'version-b' ? 'Know what works.' : 'Welcome'}</h1>`;
  });
  return app;
}
