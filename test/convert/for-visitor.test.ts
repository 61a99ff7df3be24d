import { describe, expect, it } from 'vitest';
import type { Convert } from '../../src/convert/convert.js';
import { httpServer } from '../project/helpers.js';
import { startChild } from '../support/child.js';
import { messageOf } from '../support/log-lines.js';
import { collector, collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

function errorsOf(convert: Convert): string[] {
  const errors: string[] = [];
  convert.on('error', ({ message }) => void errors.push(message));
  return errors;
}

describe('forVisitor', () => {
  it.each([[{ consent: null }], [{ properties: null }], [{ request: null }], [null], [undefined]])(
    'E7: takes null for an absent option: %j',
    async (options) => {
      const convert = create();
      const errors = errorsOf(convert);
      (await convert.forVisitor('v1', options)).trackConversion('purchase');
      expect(await convert.flush()).toMatchObject({ delivered: 1, dropped: 0 });
      expect(errors).toEqual([]);
    },
  );

  it.each([
    ['v1', { consent: true }, '`consent` must be'],
    ['v1', { consent: 'yes' }, '`consent` must be'],
    ['v1', { origin: 'web' }, 'option `origin` must be one of'],
    ['v1', { properties: 'gold' }, '`properties` must be an object'],
    ['v1', { request: 'https://shop.example/' }, '`request` must be an object'],
    ['v1', { request: { url: 7 } }, '`request.url` must be a text (given 7)'],
    ['v1', true, '`options` must be an object'],
    ['v1', [], '`options` must be an object'],
    [10n, {}, 'the visitor id must be text or a finite number (given bigint)'],
    [NaN, {}, 'the visitor id must be'],
    [{ id: 1 }, {}, 'the visitor id must be'],
  ])('E7: counts nothing for what it can not take, and says so: %s %o', async (id, options, message) => {
    const convert = create();
    const errors = errorsOf(convert);
    const visitor = await convert.forVisitor(id as never, options as never);
    expect(visitor.runExperience('homepage-hero')).toBeNull();
    visitor.trackConversion('purchase');
    expect(await convert.flush()).toMatchObject({ accepted: 1, dropped: 1, reasons: { 'no-identity': 1 } });
    expect(collector.requests).toHaveLength(0);
    expect(errors).toEqual([expect.stringContaining(message)]);
    expect(logged).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    'await convert.forVisitor("v1");',
    'await convert.forget("v1").catch(() => undefined);',
    'await Promise.race([convert.ready(), new Promise((done) => setTimeout(done, 10))]);',
  ])('E4: the process ends while no config comes: %s', async (code) => {
    const server = await httpServer((_request, response) => response.writeHead(500).end());
    const child = startChild(`
      import { createConvert } from 'convert-middleware';
      const convert = createConvert({ sdkKey: '1/2', endpoints: { config: '${server.base}' }, logger: false });
      ${code}
      process.stdout.write('done\\n');`);
    expect(await child.ended).toMatchObject({ code: 0, output: 'done\n' });
  });
});

describe('the data of a conversion', () => {
  it('E3: has numbers as amount and productsCount, also if they were text', async () => {
    const convert = create();
    const visitor = await convert.forVisitor('v1');
    visitor.trackConversion('purchase', {
      conversionData: [
        { key: 'amount', value: ' 49.90 ' },
        { key: 'productsCount', value: '3' },
        { key: 'transactionId', value: '0017' },
        { key: 'customDimension1', value: '1e3' },
      ],
    });
    await convert.flush();
    expect(collector.conversions().find(({ data }) => 'goalData' in data)?.data).toMatchObject({
      goalData: [
        { key: 'amount', value: 49.9 },
        { key: 'productsCount', value: 3 },
        { key: 'transactionId', value: '0017' },
        { key: 'customDimension1', value: '1e3' },
      ],
    });
  });

  it.each(['NaN', '1e999', '9'.repeat(30_000), '', ' ', '0x10', '1,5', '12 EUR', 'Infinity', '-'])(
    'E3: is bad with another text as amount or productsCount (%#)',
    async (value) => {
      const convert = create();
      for (const key of ['amount', 'productsCount'] as const) {
        const visitor = await convert.forVisitor(`of ${key}`);
        visitor.trackConversion('purchase', { conversionData: [{ key, value }] });
      }
      expect(await convert.flush()).toMatchObject({ delivered: 0, reasons: { 'bad-data': 2 } });
      expect(logged.map(messageOf).join()).not.toContain(value === '' || value === ' ' ? '9999' : value);
    },
  );
});

describe('listeners and loggers', () => {
  it('E13: an async listener that rejects is told of, and ends nothing', async () => {
    const convert = create();
    const rejecting: () => unknown = () => Promise.reject(new Error('secret'));
    convert.on('conversion', rejecting);
    (await convert.forVisitor('v1')).trackConversion('purchase');
    await convert.flush();
    expect(logged).toEqual([expect.stringContaining("a listener for 'conversion' threw (Error")]);
  });

  it('E13: an async logger that rejects ends nothing', async () => {
    const fail = (async () => Promise.reject(new Error('no disk'))) as () => void;
    const convert = create({ logger: { error: fail, warn: fail, info: fail } });
    (await convert.forVisitor('v1')).trackConversion('no such goal');
    expect(await convert.flush()).toMatchObject({ accepted: 0 });
  });

  it('E13: on() names the event or the listener that is wrong', () => {
    const convert = create();
    const on = convert.on.bind(convert) as (name: unknown, listener: unknown) => void;
    expect(() => on('errors', () => undefined)).toThrow("there is no event 'errors', did you mean 'error'?");
    expect(() => on('click', () => undefined)).toThrow("there is no event 'click', known are ready, config");
    expect(() => on(undefined, () => undefined)).toThrow('there is no event undefined');
    for (const listener of [null, undefined, 'text', {}])
      expect(() => on('ready', listener)).toThrow("on('ready', listener): the listener must be a function");
  });

  it('E13: close({ timeout: Infinity }) causes no warning of Node', async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listener);
    const convert = create();
    (await convert.forVisitor('v1')).trackConversion('purchase');
    expect(await convert.flush({ timeout: Infinity })).toMatchObject({ delivered: 1 });
    expect(await convert.close({ timeout: Infinity })).toMatchObject({ delivered: 1 });
    await new Promise((done) => setTimeout(done, 20));
    process.off('warning', listener);
    expect(warnings).toEqual([]);
  });

  it('E9: many unknown goals and bad data use up no code of another warning or error', async () => {
    let fails = false;
    const store = {
      get: () => undefined,
      set: () => {
        if (fails) throw new Error('down');
      },
    };
    const convert = create({ store });
    const visitor = await convert.forVisitor('v1');
    for (let n = 0; n < 1_100; n++) {
      visitor.trackConversion(`goal ${n}`);
      convert.logger.warn('');
    }
    logged.length = 0;
    fails = true;
    visitor.trackConversion('purchase');
    await convert.flush();
    expect(logged.filter((line) => line.includes('data store failed'))).toHaveLength(1);
    visitor.trackConversion('purchase', { conversionData: 'x' as never });
    expect(logged.filter((line) => line.includes('`conversionData` must be'))).toHaveLength(1);
  });
});
