/** An app that imports one adapter, and nothing else of the package: the keys that are declared are known there, too. */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

const app = express().use(convertMiddleware());
app.get('/', (req, res) => {
  // @ts-expect-error no experience of the project has that key
  req.convert.runExperience('hompage-hero');
  // @ts-expect-error no variation of this experience has that key
  if (req.convert.runExperience('homepage-hero')?.key === 'version-c') return;
  const button = req.convert.runFeature('checkout-button');
  res.send(button.status === 'enabled' ? button.variables.price.toFixed() : '');
});
