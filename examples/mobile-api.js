/** An API for a mobile app, which keeps its own id of the visitor and no cookies. Run: node examples/mobile-api.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { offline } from './offline.js';

const middleware = convertMiddleware({
  ...(process.env.CONVERT_SDK_KEY ? {} : await offline()),
  visitor: { id: (req) => req.get('x-visitor-id'), cookie: false },
});
const app = express();
app.use(middleware);

app.get('/home', (req, res) => {
  const { convert } = req;
  const hero = convert.runExperience('homepage-hero');
  const experiments = JSON.parse(convert.bridge.json());
  res.json({ headline: hero?.key === 'bold' ? 'Know what works.' : 'Welcome', experiments });
});

app.post('/signup', (req, res) => {
  const { outcome } = req.convert.trackConversion('signup');
  res.json({ outcome });
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(() => middleware.convert.close());
});
