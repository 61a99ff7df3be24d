/** EJS, Pug and Handlebars on Express. Run: node examples/templates/express.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { join } from 'node:path';
import { offline } from '../offline.js';
import { modelOf } from './model.js';

/** @param options options of the middleware */
export function createApp(options) {
  const app = express();
  app.set('views', join(import.meta.dirname, 'views'));
  // The middleware puts the context at `res.locals.convert`, which Express hands to each view.
  app.use(convertMiddleware(options));
  for (const engine of ['ejs', 'pug', 'hbs']) {
    app.get(`/${engine}`, (req, res) => res.render(`page.${engine}`, modelOf(req.convert)));
  }
  return app;
}

if (process.argv[1] === import.meta.filename) {
  const server = createApp(await offline()).listen(process.env.PORT ?? 3000, () => {
    const url = `http://localhost:${server.address().port}`;
    console.log(`${url}/ejs ${url}/pug ${url}/hbs`);
  });
}
