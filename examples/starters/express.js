/** A page in two variations, and the goal it is for. The project is convert.json, beside this file. */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

// With an account, write convertMiddleware(), and put the key of the project into CONVERT_SDK_KEY.
const middleware = convertMiddleware({ project: `${import.meta.dirname}/convert.json` });
const app = express();
app.use(middleware);

app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  const headline = hero?.key === 'version-b' ? 'Know what works.' : 'Welcome';
  res.send(`<h1>${headline}</h1><form method="post" action="/signup"><button>Sign up</button></form>`);
});

app.post('/signup', (req, res) => {
  req.convert.trackConversion('signup');
  res.send('<p>Thank you!</p>');
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});
// What waits is sent before the process ends.
middleware.convert.closeWith(server);
process.once('SIGTERM', () => server.close());
