/** What apps write whose keys `npx convert-middleware types` has declared: a wrong key is an error everywhere. */
import {
  type ConvertContext,
  createConvert,
  type ExperienceKey,
  type Feature,
  type GoalKey,
  type Variation,
} from 'convert-middleware';
import { getConvert } from 'convert-middleware/async-context';
import { convertMiddleware as forExpress } from 'convert-middleware/express';
import { convertPlugin } from 'convert-middleware/fastify';
import { withConvert } from 'convert-middleware/fetch';
import { convertMiddleware as forKoa } from 'convert-middleware/koa';
import { testConvert } from 'convert-middleware/testing';
import { conversionWebhook, stripe } from 'convert-middleware/webhook';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';

const convert = createConvert();

const app = express().use(forExpress(convert));
app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  // @ts-expect-error no variation of this experience has that key
  if (hero?.key === 'version-c') return;
  // @ts-expect-error no experience of the project has that key
  req.convert.runExperience('hompage-hero');
  // @ts-expect-error nor in views
  res.locals.convert.runExperience('hompage-hero');
  // @ts-expect-error no goal has that key
  req.convert.trackConversion('purchas');
  // @ts-expect-error one key is wrong
  req.convert.share({ key: ['homepage-hero', 'hompage-hero'], seconds: 60 });
  const button = req.convert.runFeature('checkout-button');
  // @ts-expect-error the visitor may not have the feature
  button.variables.price.toFixed();
  if (button.status === 'disabled') return;
  const price: number = button.variables.price;
  const caption: string = button.variables.caption;
  // @ts-expect-error the price is a number
  button.variables.price.trim();
  // @ts-expect-error the feature has no such variable
  void button.variables.colour;
  // @ts-expect-error no feature has that key
  req.convert.runFeature('checkout-buton');
  const all: Feature<{ price: number }>[] = req.convert.runFeature('checkout-button', { all: true });
  res.send(`${hero?.key === 'version-b' ? 'B' : 'A'} ${price} ${caption} ${all.length}`);
});

new Koa().use(forKoa(convert)).use((ctx) => {
  // @ts-expect-error no variation of this experience has that key
  if (ctx.convert.runExperience('homepage-hero')?.key === 'version-c') return;
  // @ts-expect-error no experience of the project has that key
  ctx.convert.peek('hompage-hero');
  for (const variation of ctx.convert.runExperiences()) {
    // @ts-expect-error no variation of this experience has that key
    if (variation.experienceKey === 'nobody' && variation.key === 'version-b') ctx.body = 'B';
  }
  for (const feature of ctx.convert.runFeatures()) {
    if (feature.key === 'checkout-button' && feature.status === 'enabled')
      ctx.body = feature.variables.price.toFixed();
    // @ts-expect-error no feature has that key
    if (feature.key === 'checkout-buton') ctx.body = '';
  }
});

const server = fastify();
server.register(convertPlugin, { convert });
server.get('/', async (request) => {
  // @ts-expect-error no experience of the project has that key
  const { variation } = request.convert.explain('hompage-hero');
  return variation;
});
// @ts-expect-error no variation of this experience has that key
server.convert.previewLink('/', { variations: { 'homepage-hero': 'version-c' }, expires: 0 });
// @ts-expect-error no experience of the project has that key
convert.previewLink('/', { variations: { 'hompage-hero': 'version-b' }, expires: 0 });
convert.previewLink('/', { variations: { 'homepage-hero': 'version-b', 901: '9010' }, expires: 0 });

export const worker = withConvert((_, context) => {
  // @ts-expect-error no experience of the project has that key
  return new Response(context.runExperience('hompage-hero')?.key);
}, {});
// @ts-expect-error no experience of the project has that key
export const anywhere = () => getConvert()?.runExperience('hompage-hero');

testConvert({ 'homepage-hero': 'version-b', featured: null });
// @ts-expect-error no variation of this experience has that key
const double = testConvert({ 'homepage-hero': 'version-c' });
// @ts-expect-error no experience of the project has that key
testConvert({ 'hompage-hero': 'version-b' });
double.answer('featured', { variation: 'original', features: { 'checkout-button': { price: 5 } } });
// @ts-expect-error the price is a number
double.answer('featured', { variation: 'original', features: { 'checkout-button': { price: '5' } } });
// @ts-expect-error no goal has that key
conversionWebhook(convert, { platform: stripe({ secret: 's' }), goal: 'purchas' });

// Functions of an app take any context and any variation.
export const heroOf = (context: ConvertContext): Variation | null => context.runExperience('homepage-hero');
export const narrowed = ({ convert: context }: express.Request): ConvertContext<'featured'> => context;
export const shown = (key: ExperienceKey, goal: GoalKey) => async (id: string) => {
  const visitor = await convert.forVisitor(id);
  visitor.trackConversion(goal);
  return visitor.runExperience(key)?.key;
};
