/** Tests of an app with `testConvert()`. Run: node --test examples/testing/app.test.js */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { testConvert } from 'convert-middleware/testing';
import request from 'supertest';
import { createApp } from './app.js';

const convert = testConvert({
  'homepage-hero': 'version-b',
  checkout: { variation: 'cheap', features: { 'checkout-button': { price: 10 } } },
});
const app = createApp(convert);
beforeEach(() => convert.reset());

test('version-b is shown, and counted', async () => {
  const { text } = await request(app).get('/');
  assert.equal(text, '<h1>Hello, B</h1>');
  const [{ experienceKey, variationKey }] = convert.exposures;
  assert.deepEqual([experienceKey, variationKey], ['homepage-hero', 'version-b']);
});

test('whoever is not in the experience gets the original', async () => {
  convert.answer('homepage-hero', null);
  const { text } = await request(app).get('/');
  assert.equal(text, '<h1>Hello</h1>');
  assert.equal(convert.exposures.length, 0);
});

test('the feature says the price', async () => {
  const { body } = await request(app).get('/price');
  assert.deepEqual(body, { price: 10 });
});

test('a purchase is counted with its amount', async () => {
  await request(app).post('/checkout').expect(204);
  const [{ goalKey, conversionData }] = convert.conversions;
  assert.equal(goalKey, 'purchase');
  assert.deepEqual(conversionData, [{ key: 'amount', value: 49.9 }]);
});
