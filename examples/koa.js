/** An experiment on the home page, and the goal it is for. Run: node examples/koa.js */
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { offline } from './offline.js';

// With a key in CONVERT_SDK_KEY, no options are needed. Without one, nothing is sent to Convert.
const middleware = convertMiddleware(process.env.CONVERT_SDK_KEY ? {} : await offline());
const app = new Koa();
app.use(middleware);

app.use((ctx) => {
  if (ctx.method === 'GET' && ctx.path === '/') {
    const hero = ctx.convert.runExperience('homepage-hero');
    const headline = hero?.key === 'bold' ? 'Know what works.' : 'Welcome';
    ctx.body = `<h1>${headline}</h1><form method="post" action="/signup"><button>Sign up</button></form>`;
  }
  if (ctx.method === 'POST' && ctx.path === '/signup') {
    ctx.convert.trackConversion('signup');
    ctx.body = '<p>Thank you!</p>';
  }
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(() => middleware.convert.close());
});
