/** Processes that share no store: the browser carries the variation. Run: node examples/guides/assignment-cookie.js */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();

/** One process: its weights are those of its version of the project. */
async function start(weights) {
  const convert = createConvert({
    project: { experiences: { prices: weights } },
    endpoints: { track: collector.url },
    secrets: process.env.CONVERT_SECRET ?? 'the secret of an example',
    assignmentCookie: true,
  });
  const app = express();
  app.use(convertMiddleware(convert));
  app.get('/', (req, res) => {
    const { variation, reason } = req.convert.explain('prices');
    req.convert.runExperience('prices');
    res.send(`${variation.key} (${reason})`);
  });
  await convert.ready(); // an app need not wait
  return convert.closeWith(app.listen(0));
}

// Try it: while new weights are rolled out, a visitor comes to a process that has them already.
const before = await start({ original: 100, sale: 0 });
const after = await start({ original: 0, sale: 100 });
const anna = { cv_vid: 'anna' };
console.log(`anna: ${await (await openBrowser(before, anna)).get('/')}`);
console.log(`anna, at the next process: ${await (await openBrowser(after, anna)).get('/')}`);
console.log(`bert, at that process: ${await (await openBrowser(after, { cv_vid: 'bert' })).get('/')}`);

before.close();
after.close();
