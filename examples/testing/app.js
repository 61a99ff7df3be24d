/** The app that app.test.js tests. In production it gets `createConvert()`. */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

export function createApp(convert) {
  const app = express();
  app.use(convertMiddleware(convert));
  app.get('/', (req, res) => {
    const hero = req.convert.runExperience('homepage-hero');
    res.send(`<h1>${hero?.key === 'version-b' ? 'Hello, B' : 'Hello'}</h1>`);
  });
  app.get('/price', (req, res) => {
    const button = req.convert.runFeature('checkout-button');
    res.json({ price: button.status === 'enabled' ? button.variables.price : 49 });
  });
  app.post('/checkout', (req, res) => {
    req.convert.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 49.9 }] });
    res.sendStatus(204);
  });
  return app;
}
