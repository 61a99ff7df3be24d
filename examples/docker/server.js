/**
 * An app for a container, where it is process 1 and ends on SIGTERM. The Dockerfile beside it starts it.
 * Without Docker: node examples/docker/server.js
 */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

const convert = createConvert({
  // With an account, leave this out, and put the key of the project into CONVERT_SDK_KEY.
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  skip: (req) => req.path === '/healthz',
});
const app = express();
app.use(convertMiddleware(convert));

app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  res.send(`<h1>${hero?.key === 'version-b' ? 'Hello, B' : 'Hello'}</h1>`);
});
// The container is healthy while pages are served. Whether Convert is reached does not matter for that.
app.get('/healthz', (req, res) => {
  const { project, delivery, store } = convert.stats();
  res.json({
    hasConfig: project.loadedAt !== undefined,
    pending: delivery.pending,
    storeFails: store.failing,
  });
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});
convert.closeWith(server, { after: () => console.log('closed') });
process.once('SIGTERM', () => server.close());
