const { convertMiddleware } = require('convert-middleware/koa');
const Koa = require('koa');
const { options, report } = require('./report.cjs');

const app = new Koa();
const middleware = convertMiddleware(options());
app.use(middleware);
app.use((ctx) => {
  ctx.body = ctx.convert.runExperience('homepage-hero')?.key;
});
report(app.listen(0, '127.0.0.1'), middleware.convert);
