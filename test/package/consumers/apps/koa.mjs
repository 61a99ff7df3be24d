import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { options, report } from './report.cjs';

const app = new Koa();
const middleware = convertMiddleware(options());
app.use(middleware);
app.use((ctx) => {
  ctx.body = ctx.convert.runExperience('homepage-hero')?.key;
});
await report(app.listen(0, '127.0.0.1'), middleware.convert);
