/** An experiment on the home page, and the goal it is for. Run: node examples/express.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { offline } from './offline.js';

// With a key in CONVERT_SDK_KEY, no options are needed. Without one, nothing is sent to Convert.
const middleware = convertMiddleware(process.env.CONVERT_SDK_KEY ? {} : await offline());
const app = express();
app.use(middleware);

app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  const headline = hero?.key === 'bold' ? 'Know what works.' : 'Welcome';
  res.send(`<h1>${headline}</h1><form method="post" action="/signup"><button>Sign up</button></form>`);
});

app.post('/signup', (req, res) => {
  req.convert.trackConversion('signup');
  res.send('<p>Thank you!</p>');
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(() => middleware.convert.close());
});
