/** A shop and its outlet: a project for each, and one visitor of both. Run: node examples/two-brands.js */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { offline } from './offline.js';

// With keys of two projects, the options are { sdkKey: '10035569/10034190' } and { sdkKey: '10035569/10034777' }.
const shop = createConvert(await offline());
const outlet = createConvert(await offline('outlet.json'));
const app = express();
app.use(convertMiddleware(shop));
app.use(convertMiddleware(outlet, { as: 'convertOutlet' }));

app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  const teaser = req.convertOutlet.runExperience('outlet-teaser');
  const headline = hero?.key === 'bold' ? 'Know what works.' : 'Welcome';
  res.send(`<h1>${headline}</h1><p>Outlet: ${teaser?.key === 'price' ? 'from 9.90' : 'last season'}</p>`);
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});
for (const convert of [shop, outlet]) convert.closeWith(server);

process.once('SIGTERM', () => server.close());
