/** A page in two variations, and the goal it is for. The project is convert.json, beside this file. */
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';

// With an account, write convertMiddleware(), and put the key of the project into CONVERT_SDK_KEY.
const middleware = convertMiddleware({ project: `${import.meta.dirname}/convert.json` });
const app = new Koa();
app.use(middleware);

app.use((ctx) => {
  if (ctx.method === 'GET' && ctx.path === '/') {
    const hero = ctx.convert.runExperience('homepage-hero');
    const headline = hero?.key === 'version-b' ? 'Know what works.' : 'Welcome';
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
// What waits is sent before the process ends.
middleware.convert.closeWith(server);
process.once('SIGTERM', () => server.close());
