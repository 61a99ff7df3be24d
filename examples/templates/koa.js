/** Nunjucks and Liquid on Koa. Run: node examples/templates/koa.js */
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { Liquid } from 'liquidjs';
import { join } from 'node:path';
import nunjucks from 'nunjucks';
import { offline } from '../offline.js';
import { modelOf } from './model.js';

const views = join(import.meta.dirname, 'views');
const environment = nunjucks.configure(views, { autoescape: true });
// LiquidJS escapes nothing by default.
const liquid = new Liquid({ root: views, outputEscape: 'escape' });

/** The view of each page: what it renders is HTML. */
const PAGES = {
  '/njk': (model) => environment.render('page.njk', model),
  '/liquid': (model) => liquid.renderFile('page.liquid', model),
};

/** @param options options of the middleware */
export function createApp(options) {
  const app = new Koa();
  app.use(convertMiddleware(options));
  app.use(async (ctx) => {
    const render = PAGES[ctx.path];
    if (!render) return;
    // The middleware has put the context at `ctx.state.convert`.
    ctx.body = await render({ ...ctx.state, ...modelOf(ctx.convert) });
  });
  return app;
}

if (process.argv[1] === import.meta.filename) {
  const server = createApp(await offline()).listen(process.env.PORT ?? 3000, () => {
    const url = `http://localhost:${server.address().port}`;
    console.log(`${url}/njk ${url}/liquid`);
  });
}
