/**
 * Four workers on one machine that share what is remembered of visitors, and what is still to be sent: in a folder,
 * without a server. Both outlive the workers, and this process. Run: node examples/cluster.js
 */
import { convertMiddleware } from 'convert-middleware/express';
import { lmdbStore } from 'convert-middleware/lmdb';
import express from 'express';
import cluster from 'node:cluster';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offline } from './offline.js';

const folder = process.env.DATA ?? join(tmpdir(), 'convert-cluster');
const workers = 4;

if (cluster.isPrimary) {
  for (let n = 0; n < workers; n++) cluster.fork();
  let isEnding = false;
  // A worker that dies is replaced: its visitors and its events are there.
  cluster.on('exit', () => {
    if (!isEnding) cluster.fork();
  });
  process.once('SIGTERM', () => {
    isEnding = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  });
} else {
  const middleware = convertMiddleware({
    ...(process.env.CONVERT_SDK_KEY ? {} : await offline()),
    store: lmdbStore(join(folder, 'visitors')),
    delivery: { spool: join(folder, 'events') },
  });
  const app = express();
  app.use(middleware);
  app.get('/', (req, res) => {
    const hero = req.convert.runExperience('homepage-hero');
    res.set('X-Worker', process.pid).send(hero?.key ?? 'original');
  });
  app.post('/signup', (req, res) => {
    req.convert.trackConversion('signup');
    res.sendStatus(204);
  });
  const server = app.listen(process.env.PORT ?? 3000, () =>
    console.log(`http://localhost:${server.address().port}`),
  );
  process.once('SIGTERM', () => {
    server.close(async () => {
      await middleware.convert.close();
      process.disconnect();
    });
  });
}
