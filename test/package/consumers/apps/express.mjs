import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { options, report } from './report.cjs';

const app = express();
const middleware = convertMiddleware(options());
app.use(middleware);
app.get('/', (req, res) => {
  res.send(req.convert.runExperience('homepage-hero')?.key);
});
await report(app.listen(0, '127.0.0.1'), middleware.convert);
