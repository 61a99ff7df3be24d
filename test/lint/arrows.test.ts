/** The lint rules that keep the design bite: what may import what, and which rooms are pure. */
import { ESLint } from 'eslint';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const DESIGN = /^(house\/|no-restricted-)/;

const eslint = new ESLint({
  cwd: ROOT,
  // The rules of the design need no types, and the files that are made up here belong to no project.
  overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
  ruleFilter: ({ ruleId }) => DESIGN.test(ruleId),
});

/** The rules that `code` breaks as a file of src; a message without a rule is a syntax error of the test. */
async function broken(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: resolve(ROOT, 'src', file) });
  const messages = result?.messages ?? [];
  const others = messages.filter(({ ruleId }) => ruleId === null || !DESIGN.test(ruleId));
  expect(others.filter(({ fatal }) => fatal)).toEqual([]);
  return [...new Set(messages.map(({ ruleId }) => ruleId ?? ''))];
}

const ARROW = ['house/arrows'];

/** A file in every place that has a row of its own. */
const PLACES = [
  'engine/x.ts',
  'request/x.ts',
  'bridge/x.ts',
  'visitor/x.ts',
  'store/x.ts',
  'store/redis-x.ts',
  'store/lmdb-x.ts',
  'lmdb.ts',
  'delivery/x.ts',
  'delivery/redis/x.ts',
  'redis/x.ts',
  'redis.ts',
  'project/x.ts',
  'visitor/assignment-cookie.ts',
  'secrets.ts',
  'bot-agent.ts',
  'project/redis-cache.ts',
  'state.ts',
  'context.ts',
  'request-context.ts',
  'visitor-head.ts',
  'user-alias.ts',
  'request-parts.ts',
  'hint-head.ts',
  'options.ts',
  'options-conflicts.ts',
  'runtime.ts',
  'channels.ts',
  'outbox.ts',
  'close-with.ts',
  'signals.ts',
  'settlements.ts',
  'offered.ts',
  'wait-until.ts',
  'forget.ts',
  'convert.ts',
  'index.ts',
  'mount.ts',
  'express.ts',
  'koa.ts',
  'fastify.ts',
  'fastify-locals.ts',
  'file-look.ts',
  'sdk-engine.ts',
  'engine.ts',
  'testing.ts',
  'testing/x.ts',
  'geo/x.ts',
  'geoip-lite.ts',
  'maxmind.ts',
];

describe('imports against the arrows', () => {
  const forbidden: [file: string, from: string][] = [
    // A sibling room.
    ['engine/decide.ts', '../request/reader.js'],
    ['engine/decide.ts', '../store/port.js'],
    ['testing/recorder.ts', '../convert.js'],
    ['convert.ts', './testing.js'],
    ['request/reader.ts', '../engine/port.js'],
    ['bridge/bridge.ts', '../visitor/identity.js'],
    ['visitor/consent.ts', '../store/port.js'],
    ['visitor/consent.ts', '../secrets.js'],
    ['visitor/assignment-cookie.ts', '../store/port.js'],
    ['engine/decide.ts', '../secrets.js'],
    ['store/memory-store.ts', '../delivery/port.js'],
    ['delivery/sender.ts', '../project/endpoints.js'],
    ['delivery/sender.ts', '../redis/client.js'],
    ['delivery/redis/shelf.ts', '../../store/port.js'],
    ['redis/client.ts', '../delivery/port.js'],
    ['convert.ts', './redis.js'],
    ['convert.ts', './redis/client.js'],
    ['project/keeper.ts', '../delivery/memory-outbox.js'],
    ['project/keeper.ts', '../redis/client.js'],
    ['project/redis-cache.ts', '../delivery/redis-outbox.js'],
    // An upper layer.
    ['engine/decide.ts', '../context.js'],
    ['store/port.ts', '../convert.js'],
    ['close-with.ts', './convert.js'],
    ['signals.ts', './convert.js'],
    ['wait-until.ts', './convert.js'],
    ['errors.ts', './options.js'],
    ['secrets.ts', './options.js'],
    ['state.ts', './engine/port.js'],
    ['runtime.ts', './context.js'],
    ['journal.ts', './context.js'],
    ['context.ts', './convert.js'],
    ['context.ts', './express.js'],
    ['request-context.ts', './convert.js'],
    ['options.ts', './convert.js'],
    ['convert.ts', './fastify.js'],
    ['convert.ts', './index.js'],
    ['mount.ts', './koa.js'],
    ['sdk-engine.ts', './convert.js'],
    ['geoip-lite.ts', './options.js'],
    ['geo/maxmind.ts', '../convert.js'],
    ['geo/maxmind.ts', '../project/file-source.js'],
    ['request/reader.ts', '../geo/maxmind.js'],
    ['convert.ts', './geo/maxmind.js'],
    ['convert.ts', './maxmind.js'],
    ['index.ts', './express.js'],
    // The adapter next door.
    ['express.ts', './koa.js'],
    ['koa.ts', './fastify.js'],
    ['fastify.ts', './express.js'],
    // By a detour.
    ['engine/decide.ts', './../convert.js'],
    ['engine/decide.ts', '../engine/../convert.js'],
    ['engine/deeper/decide.ts', '../../convert.js'],
    ['engine/deeper/decide.ts', '../../store/port.js'],
    ['context.ts', './engine/../convert.js'],
    ['context.ts', '../src/convert.js'],
    ['context.ts', '../test/support/project.js'],
    ['engine/decide.ts', '../errors/../convert.js'],
    ['engine/decide.ts', '/src/engine/port.js'],
    ['engine/decide.ts', 'file:///src/engine/port.js'],
    ['context.ts', 'convert-middleware'],
  ];
  it.each(forbidden)('%s from %s', async (file, from) => {
    expect(await broken(file, `import { x } from '${from}';\nx();`)).toEqual(ARROW);
  });

  const allowed: [file: string, from: string][] = [
    ['engine/decide.ts', './port.js'],
    ['engine/decide.ts', '../engine/port.js'],
    ['engine/decide.ts', '../state.js'],
    ['engine/deeper/decide.ts', '../port.js'],
    ['engine/deeper/decide.ts', '../../errors.js'],
    ['request/reader.ts', '../exchange.js'],
    ['bridge/bridge.ts', './escape.js'],
    ['store/memory-store.ts', '../state.js'],
    ['delivery/redis/shelf.ts', '../../redis/client.js'],
    ['project/redis-cache.ts', '../redis/client.js'],
    ['redis.ts', './delivery/redis-outbox.js'],
    ['redis.ts', './project/redis-cache.js'],
    ['state.ts', './tracking.js'],
    ['runtime.ts', './engine/port.js'],
    ['visitor/assignment-cookie.ts', '../secrets.js'],
    ['base-context.ts', './journal.js'],
    ['context.ts', './store/port.js'],
    ['convert.ts', './request-context.js'],
    ['convert.ts', './delivery/memory-outbox.js'],
    ['index.ts', './convert.js'],
    ['express.ts', './convert.js'],
    ['koa.ts', './mount.js'],
    ['fastify.ts', './node-response.js'],
    ['sdk-engine.ts', './engine/port.js'],
    ['geoip-lite.ts', './request/geo.js'],
    ['geo/maxmind.ts', '../request/geo.js'],
    ['maxmind.ts', './geo/maxmind.js'],
  ];
  it.each(allowed)('%s may from %s', async (file, from) => {
    expect(await broken(file, `import { x } from '${from}';\nx();`)).toEqual([]);
  });

  it.each([
    ['type', `import type { Convert } from '../convert.js';\nexport type X = Convert;`],
    ['inline type', `import { type Convert } from '../convert.js';\nexport type X = Convert;`],
    ['namespace', `import * as all from '../convert.js';\nall.x();`],
    ['side effect', `import '../convert.js';`],
    ['export', `export { createConvert } from '../convert.js';`],
    ['export of all', `export * from '../convert.js';`],
    ['named export of all', `export * as all from '../convert.js';`],
    ['export of a type', `export type { Convert } from '../convert.js';`],
    ['dynamic', `export const x = () => import('../convert.js');`],
    ['dynamic, as a template', 'export const x = () => import(`../convert.js`);'],
    ['dynamic, computed', `export const x = (name: string) => import(name);`],
    ['in a type', `export type X = import('../convert.js').Convert;`],
    ['typeof', `export type X = typeof import('../convert.js');`],
    ['import =', `import convert = require('../convert.js');\nconvert.x();`],
  ])('however they are written: %s', async (_name, code) => {
    expect(await broken('store/x.ts', code)).toEqual(ARROW);
    expect(await broken('store/x.ts', code.replaceAll('../convert.js', '../state.js'))).toEqual(
      /template|computed/.test(_name) ? ARROW : [],
    );
  });

  it('require', async () => {
    const code = `export const x = require('../convert.js');`;
    expect(await broken('store/x.ts', code)).toEqual(ARROW);
    expect(await broken('engine/x.ts', code)).toEqual(
      expect.arrayContaining([...ARROW, 'no-restricted-globals']),
    );
  });

  it('any, in a file that has no row', async () => {
    expect(await broken('surprise.ts', `import { x } from './errors.js';\nx();`)).toEqual(ARROW);
    expect(await broken('new-room/x.ts', `import { x } from './y.js';\nx();`)).toEqual(ARROW);
    expect(await broken('surprise.ts', `import { x } from 'node:fs';\nx();`)).toEqual(ARROW);
  });
});

describe('packages', () => {
  const FRAMEWORKS = ['express', 'koa', 'fastify'];
  const OTHERS = [
    'fastify-plugin',
    '@fastify/view',
    '@koa/router',
    'express/lib/request.js',
    'express4',
    '@types/koa',
  ];

  it.each(PLACES)('no framework in %s, but for its own adapter', async (file) => {
    const adapterOf = FRAMEWORKS.find((name) => [`${name}.ts`, `${name}-locals.ts`].includes(file));
    for (const name of [...FRAMEWORKS, ...OTHERS]) {
      const mayUse = name === adapterOf || name.startsWith(`${adapterOf}/`);
      const plugin = file === 'fastify.ts' && name === 'fastify-plugin';
      const asType = `import type { X } from '${name}';\nexport type Y = X;`;
      const asValue = `import x from '${name}';\nx();`;
      expect(await broken(file, asType), name).toEqual(mayUse || plugin ? [] : ARROW);
      expect(await broken(file, asValue), name).toEqual(plugin ? [] : ARROW);
    }
  });

  const places: [name: string, files: string[]][] = [
    ['@convertcom/js-sdk', []],
    ['re2js', ['engine/x.ts']],
    ['geoip-lite', ['geo/x.ts']],
    ['maxmind', ['geo/x.ts']],
    ['ua-parser-js', ['request/x.ts']],
    ['cookie', ['visitor/x.ts']],
    ['isbot', ['bot-agent.ts']],
    ['vitest', []],
    ['fs', []],
  ];
  it.each(places)('%s only in %j', async (name, files) => {
    for (const file of PLACES) {
      const code = `export const x = () => import('${name}');`;
      expect(await broken(file, code), file).toEqual(files.includes(file) ? [] : ARROW);
    }
  });

  it.each(['node:fs', 'node:fs/promises', 'node:http', 'node:crypto', 'node:module', 'node:child_process'])(
    '%s only in rooms that do I/O',
    async (name) => {
      const shell = /^(visitor\/x|(store|delivery|redis|project|geo)\/)/;
      for (const file of PLACES) {
        const code = `import { x } from '${name}';\nx();`;
        const signs = file === 'secrets.ts' && name === 'node:crypto';
        const looks = file === 'file-look.ts' && name.startsWith('node:fs');
        expect(await broken(file, code), file).toEqual(signs || looks || shell.test(file) ? [] : ARROW);
      }
    },
  );

  it('types of Node, and no more of it, where a response is described', async () => {
    expect(
      await broken('node-response.ts', `import type { X } from 'node:http';\nexport type Y = X;`),
    ).toEqual([]);
    expect(await broken('node-response.ts', `import { x } from 'node:http';\nx();`)).toEqual(ARROW);
  });
});

describe('purity', () => {
  const PURE = ['engine/x.ts', 'request/x.ts', 'bridge/x.ts', 'engine/deeper/x.ts'];
  const LEAVES = ['state.ts', 'backoff.ts', 'exchange.ts', 'errors.ts', 'logger.ts'];
  const IMPURE = [
    'Date.now()',
    'new Date()',
    'Date()',
    'performance.now()',
    'process.env.CONVERT_SDK_KEY',
    'process.hrtime()',
    'Math.random()',
    `Math['random']()`,
    '(() => { const { random } = Math; return random(); })()',
    'crypto.randomUUID()',
    'setTimeout(() => undefined, 1)',
    'setInterval(() => undefined, 1)',
    'setImmediate(() => undefined)',
    'queueMicrotask(() => undefined)',
    'AbortSignal.timeout(1)',
    `fetch('/')`,
    `console.log('')`,
    `Buffer.from('')`,
    'globalThis.process',
    `globalThis['Date'].now()`,
    'global.process',
    'new Intl.DateTimeFormat().format()',
    'new WeakRef({})',
    `new Function('return process')()`,
    `eval('process')`,
    'import.meta.url',
    'navigator.language',
    '__dirname',
    'module',
  ];
  it.each(IMPURE)('%s', async (code) => {
    for (const file of [...PURE, ...LEAVES]) {
      const rules = await broken(file, `export const x = (): unknown => ${code};`);
      expect(rules.length, file).toBeGreaterThan(0);
      expect(
        rules.every((rule) => rule.startsWith('no-restricted-')),
        file,
      ).toBe(true);
    }
  });

  it.each([
    'JSON.parse("1")',
    'Math.floor(1.5)',
    'Object.freeze({})',
    'new Map([["a", 1]])',
    'new Set([Symbol.iterator])',
    'Number.parseInt("1", 10)',
    'decodeURIComponent("%20")',
    'new RegExp("a").test("b")',
    '((process: { env: object }) => process.env)',
  ])('%s is as pure as can be', async (code) => {
    for (const file of [...PURE, ...LEAVES]) {
      expect(await broken(file, `export const x = (): unknown => ${code};`), file).toEqual([]);
    }
  });

  it('leaves may read the text of a date, rooms not', async () => {
    const code = `export const x = (text: string): number => Date.parse(text) + new Date(text).getTime();`;
    for (const file of LEAVES) expect(await broken(file, code), file).toEqual([]);
    for (const file of PURE) expect(await broken(file, code), file).toEqual(['no-restricted-globals']);
  });

  it('is asked of no other layer', async () => {
    const code = `export const x = () => [Date.now(), Math.random(), process.env, setTimeout(() => 1, 1)];`;
    for (const file of [
      'delivery/x.ts',
      'project/x.ts',
      'visitor/x.ts',
      'store/x.ts',
      'convert.ts',
      'options.ts',
    ]) {
      expect(await broken(file, code), file).toEqual([]);
    }
  });
});

it('every file of src has a row', async () => {
  const files = readdirSync(resolve(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(50);
  const without = [];
  for (const file of sources) {
    const config = (await eslint.calculateConfigForFile(resolve(ROOT, 'src', file))) as ESLint.ConfigData;
    const [, named] = (config.rules?.['house/arrows'] ?? []) as unknown as [number, { may?: string[] }];
    if (!named?.may?.length) without.push(file);
  }
  expect(without).toEqual([]);
});
