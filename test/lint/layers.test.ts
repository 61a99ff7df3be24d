/** The lint rules that keep the design bite: what may import what, and which rooms are pure. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { LAYERS, PACKAGES, roomOf } from '../../eslint.layers.js';

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
  return (await brokenByEach(file, [code]))[0]!;
}

/**
 * The rules that each of these codes breaks, which stand one below the other in a file of src: ESLint is slow to start.
 */
async function brokenByEach(file: string, codes: readonly string[]): Promise<string[][]> {
  const text = codes.map((code) => code.replaceAll('\n', ' ')).join('\n');
  const [result] = await eslint.lintText(text, { filePath: resolve(ROOT, 'src', file) });
  const messages = result?.messages ?? [];
  const others = messages.filter(({ ruleId }) => ruleId === null || !DESIGN.test(ruleId));
  expect(others.filter(({ fatal }) => fatal)).toEqual([]);
  return codes.map((_, index) => {
    const here = messages.filter(({ line }) => line === index + 1);
    return [...new Set(here.map(({ ruleId }) => ruleId ?? ''))];
  });
}

/** As `brokenByEach` of the codes that are made of `items`, once for each file: what an item breaks there. */
function brokenBy<T>(items: readonly T[], codeOf: (item: T, n: number) => string) {
  const files = new Map<string, Promise<string[][]>>();
  return async (file: string, item: T): Promise<string[]> => {
    const found = files.get(file) ?? brokenByEach(file, items.map(codeOf));
    files.set(file, found);
    return (await found)[items.indexOf(item)]!;
  };
}

const LAYER = ['house/layers'];

/** A file in every room that src has: a made-up one of a folder, and a real one that is a room of its own. */
const PLACES = placesOf(readdirSync(resolve(ROOT, 'src'), { recursive: true, encoding: 'utf8' }));

function placesOf(files: readonly string[]): string[] {
  const places = new Set(['integrations/redis/outbox/x.ts']);
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const path = file.slice(0, -'.ts'.length);
    const room = roomOf(path)?.replace('./', '');
    if (room !== undefined) places.add(room === path ? file : `${room}/x.ts`);
  }
  return [...places].sort();
}

describe('imports against the layer rule', () => {
  const forbidden: [file: string, from: string][] = [
    // A sibling room.
    ['engine/evaluation/evaluate.ts', '../../request/request-reader.js'],
    ['engine/evaluation/evaluate.ts', '../../store/types.js'],
    ['testing/recorder.ts', '../adapters/shared/mounting.js'],
    ['testing/recorder.ts', '../webhook/order.js'],
    ['webhook/order.ts', '../adapters/shared/routes.js'],
    ['adapters/shared/routes.ts', '../../webhook/order.js'],
    ['convert/convert.ts', '../testing/test-convert.js'],
    ['convert/convert.ts', '../testing.js'],
    ['request/request-reader.ts', '../engine/types.js'],
    ['bridge/bridge.ts', '../identity/visitor-identity.js'],
    ['consent/consent.ts', '../store/types.js'],
    ['consent/consent.ts', '../identity/cookies/signer.js'],
    ['identity/cookies/assignment-cookie.ts', '../../store/types.js'],
    ['engine/evaluation/evaluate.ts', '../../identity/cookies/signer.js'],
    ['store/memory-store.ts', '../delivery/types.js'],
    ['delivery/sender.ts', '../project/endpoints.js'],
    ['delivery/sender.ts', '../integrations/redis/client.js'],
    ['project/repository.ts', '../delivery/memory-outbox.js'],
    ['project/repository.ts', '../integrations/redis/client.js'],
    // An optional peer's folder from anywhere but its entry, and its sibling.
    ['convert/convert.ts', '../redis.js'],
    ['convert/convert.ts', '../integrations/redis/client.js'],
    ['convert/convert.ts', '../integrations/maxmind/maxmind.js'],
    ['convert/convert.ts', '../maxmind.js'],
    ['request/request-reader.ts', '../integrations/maxmind/maxmind.js'],
    ['integrations/redis/store.ts', '../lmdb/documents.js'],
    ['integrations/redis/outbox/backend.ts', '../../lmdb/documents.js'],
    // Parts of a room that not all of the room may use.
    ['delivery/payload.ts', './spool/folder.js'],
    ['delivery/outbox.ts', './transports/http.js'],
    ['delivery/spool/backend.ts', '../transports/http.js'],
    ['delivery/transports/http.ts', '../spool/folder.js'],
    ['utils/logger.ts', './node/timers.js'],
    ['model/http.ts', '../utils/node/timers.js'],
    ['consent/consent.ts', '../utils/node/timers.js'],
    // Its own public entry, which brings other rooms along.
    ['engine/x.ts', '../engine.js'],
    ['integrations/redis/x.ts', '../../redis.js'],
    // An upper layer.
    ['engine/evaluation/evaluate.ts', '../../context/types.js'],
    ['store/types.ts', '../convert/convert.js'],
    ['context/wait-until.ts', '../convert/convert.js'],
    ['utils/errors.ts', '../options/types.js'],
    ['identity/cookies/signer.ts', '../../options/types.js'],
    ['model/visitor-state/types.ts', '../../engine/types.js'],
    ['context/unit-of-work.ts', '../convert/convert.js'],
    ['context/types.ts', '../express.js'],
    ['context/types.ts', '../options/types.js'],
    ['context/request-context.ts', '../convert/convert.js'],
    ['options/types.ts', '../convert/convert.js'],
    ['options/types.ts', '../context/types.js'],
    ['convert/convert.ts', '../adapters/fastify.js'],
    ['convert/convert.ts', '../fastify.js'],
    ['convert/convert.ts', '../index.js'],
    ['integrations/convert-sdk/sdk-engine.ts', '../../convert/convert.js'],
    ['integrations/geoip-lite/geoip-lite.ts', '../../options/types.js'],
    ['integrations/maxmind/maxmind.ts', '../../convert/convert.js'],
    // The adapter next door, and rooms that no adapter may know.
    ['adapters/shared/mounting.ts', '../koa.js'],
    ['adapters/express.ts', './koa.js'],
    ['adapters/koa.ts', './fastify.js'],
    ['adapters/fastify.ts', './express.js'],
    ['adapters/express.ts', '../identity/visitor-identity.js'],
    ['adapters/koa.ts', '../delivery/outbox.js'],
    // Another entry.
    ['index.ts', './express.js'],
    ['express.ts', './index.js'],
    ['sdk-engine.ts', './engine.js'],
    // By a detour.
    ['engine/x.ts', './../convert/convert.js'],
    ['engine/x.ts', '../engine/../convert/convert.js'],
    ['engine/deeper/x.ts', '../../convert/convert.js'],
    ['engine/deeper/x.ts', '../../store/types.js'],
    ['context/types.ts', '../engine/../convert/convert.js'],
    ['context/types.ts', '../../src/convert/convert.js'],
    ['context/types.ts', '../../test/support/project.js'],
    ['engine/x.ts', '../utils/../convert/convert.js'],
    ['engine/x.ts', '/src/engine/types.js'],
    ['engine/x.ts', 'file:///src/engine/types.js'],
    ['context/types.ts', 'convert-middleware'],
  ];
  it.each(forbidden)('%s from %s', async (file, from) => {
    expect(await broken(file, `import { x } from '${from}';\nx();`)).toEqual(LAYER);
  });

  const allowed: [file: string, from: string][] = [
    ['engine/evaluation/evaluate.ts', './explain.js'],
    ['engine/evaluation/evaluate.ts', '../types.js'],
    ['engine/evaluation/evaluate.ts', '../../model/visitor-state/types.js'],
    ['engine/deeper/x.ts', '../types.js'],
    ['engine/deeper/x.ts', '../../utils/errors.js'],
    ['request/request-reader.ts', '../model/http.js'],
    ['consent/platforms/onetrust.ts', '../../request/cookies.js'],
    ['identity/visitor-identity.ts', '../consent/consent.js'],
    ['identity/user-hash.ts', '../utils/node/hash.js'],
    ['store/memory-store.ts', '../model/visitor-state/types.js'],
    ['delivery/spool/backend.ts', '../outbox.js'],
    ['delivery/transports/http.ts', '../types.js'],
    ['integrations/redis/outbox/backend.ts', '../client.js'],
    ['integrations/redis/outbox/backend.ts', '../../../delivery/outbox.js'],
    ['integrations/redis/project-cache.ts', './client.js'],
    ['redis.ts', './integrations/redis/store.js'],
    ['model/visitor-state/types.ts', '../tracking-event.js'],
    ['context/runtime.ts', '../engine/types.js'],
    ['context/types.ts', '../store/types.js'],
    ['convert/convert.ts', '../context/request-context.js'],
    ['convert/convert.ts', '../delivery/spool/spool-outbox.js'],
    ['index.ts', './convert/convert.js'],
    ['express.ts', './adapters/express.js'],
    ['adapters/express.ts', '../convert/convert.js'],
    ['adapters/koa.ts', './shared.js'],
    ['adapters/fastify.ts', './node-response/node-response.js'],
    ['integrations/convert-sdk/sdk-engine.ts', '../../engine/types.js'],
    ['integrations/maxmind/maxmind.ts', '../../request/geo/types.js'],
    ['maxmind.ts', './integrations/maxmind/maxmind.js'],
    ['testing.ts', './testing/test-convert.js'],
    ['engine.ts', './engine/compiled-engine.js'],
    ['engine.ts', './project/parse-config.js'],
  ];
  it.each(allowed)('%s may from %s', async (file, from) => {
    expect(await broken(file, `import { x } from '${from}';\nx();`)).toEqual([]);
  });

  it.each([
    ['type', `import type { Convert } from '../convert/convert.js';\nexport type X = Convert;`],
    ['inline type', `import { type Convert } from '../convert/convert.js';\nexport type X = Convert;`],
    ['namespace', `import * as all from '../convert/convert.js';\nall.x();`],
    ['side effect', `import '../convert/convert.js';`],
    ['export', `export { createConvert } from '../convert/convert.js';`],
    ['export of all', `export * from '../convert/convert.js';`],
    ['named export of all', `export * as all from '../convert/convert.js';`],
    ['export of a type', `export type { Convert } from '../convert/convert.js';`],
    ['dynamic', `export const x = () => import('../convert/convert.js');`],
    ['dynamic, as a template', 'export const x = () => import(`../convert/convert.js`);'],
    ['dynamic, computed', `export const x = (name: string) => import(name);`],
    ['in a type', `export type X = import('../convert/convert.js').Convert;`],
    ['typeof', `export type X = typeof import('../convert/convert.js');`],
    ['import =', `import convert = require('../convert/convert.js');\nconvert.x();`],
  ])('however they are written: %s', async (_name, code) => {
    expect(await broken('store/x.ts', code)).toEqual(LAYER);
    expect(await broken('store/x.ts', code.replaceAll('../convert/convert.js', '../model/http.js'))).toEqual(
      /template|computed/.test(_name) ? LAYER : [],
    );
  });

  it('require', async () => {
    const code = `export const x = require('../convert/convert.js');`;
    expect(await broken('store/x.ts', code)).toEqual(LAYER);
    expect(await broken('engine/x.ts', code)).toEqual(
      expect.arrayContaining([...LAYER, 'no-restricted-globals']),
    );
  });

  it('any, in a file that has no row', async () => {
    expect(await broken('surprise/x.ts', `import { x } from '../utils/errors.js';\nx();`)).toEqual(LAYER);
    expect(await broken('new-room/x.ts', `import { x } from './y.js';\nx();`)).toEqual(LAYER);
    expect(await broken('surprise/x.ts', `import { x } from 'node:fs';\nx();`)).toEqual(LAYER);
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

  const all = [...FRAMEWORKS, ...OTHERS];
  const brokenByType = brokenBy(
    all,
    (name, n) => `import type { X${n} } from '${name}'; export type Y${n} = X${n};`,
  );
  const brokenByValue = brokenBy(all, (name, n) => `import x${n} from '${name}'; x${n}();`);
  it.each(PLACES)('no framework in %s, but for its own adapter', async (file) => {
    const adapterOf = FRAMEWORKS.find((name) => file === `adapters/${name}.ts`);
    for (const name of all) {
      const mayUse = name === adapterOf || name.startsWith(`${adapterOf}/`);
      const plugin = file === 'adapters/fastify.ts' && name === 'fastify-plugin';
      expect(await brokenByType(file, name), name).toEqual(mayUse || plugin ? [] : LAYER);
      expect(await brokenByValue(file, name), name).toEqual(plugin ? [] : LAYER);
    }
  });

  const places: [name: string, files: string[]][] = [
    ['@convertcom/js-sdk', []],
    ['ioredis', PLACES.filter((place) => place.startsWith('integrations/redis/'))],
    ['@redis/client', PLACES.filter((place) => place.startsWith('integrations/redis/'))],
    ['re2js', ['engine/x.ts']],
    ['geoip-lite', ['integrations/geoip-lite/x.ts']],
    ['maxmind', ['integrations/maxmind/x.ts']],
    ['lmdb', ['integrations/lmdb/x.ts']],
    ['ua-parser-js', ['request/x.ts']],
    ['cookie', []],
    ['isbot', ['request/x.ts']],
    ['vitest', []],
    ['fs', []],
  ];
  const brokenByName = brokenBy(
    places.map(([name]) => name),
    (name, n) => `export const x${n} = () => import('${name}');`,
  );
  it.each(places)('%s only in %j', async (name, files) => {
    for (const file of PLACES) {
      expect(await brokenByName(file, name), file).toEqual(files.includes(file) ? [] : LAYER);
    }
  });

  const modules = [
    'node:fs',
    'node:fs/promises',
    'node:http',
    'node:crypto',
    'node:module',
    'node:child_process',
  ];
  const brokenByModule = brokenBy(modules, (name, n) => `import { x as x${n} } from '${name}'; x${n}();`);
  const usesNode = (room = ''): boolean => PACKAGES[room]?.packages?.includes('node:') === true;
  it.each(modules)('%s only in rooms that do I/O', async (name) => {
    for (const file of PLACES) {
      const room = roomOf(file.slice(0, -'.ts'.length)) ?? '';
      const mayUse = usesNode(room) || PACKAGES[room]?.packages?.includes(name) === true;
      expect(await brokenByModule(file, name), file).toEqual(mayUse ? [] : LAYER);
    }
  });

  it('rooms that do I/O are few, but for integrations', () => {
    const rooms = Object.keys(PACKAGES).filter((room) => usesNode(room) && !room.startsWith('integrations/'));
    expect(rooms.sort()).toEqual([
      'cli',
      'convert',
      'delivery/spool',
      'delivery/transports',
      'project',
      'store',
      'utils/node',
    ]);
  });

  it('what Node calls a response, and no more of Node, where a response is described', async () => {
    const file = 'adapters/node-response/node-response.ts';
    expect(await broken(file, `import type { X } from 'node:http';\nexport type Y = X;`)).toEqual([]);
    expect(await broken(file, `import { x } from 'node:http';\nx();`)).toEqual([]);
    expect(await broken(file, `import { x } from 'node:net';\nx();`)).toEqual(LAYER);
  });
});

describe('purity', () => {
  const STRICT = ['engine/x.ts', 'request/x.ts', 'bridge/x.ts', 'consent/x.ts', 'engine/deeper/x.ts'];
  const DATED = ['model/x.ts', 'model/visitor-state/x.ts', 'utils/x.ts'];
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
  const PURE = [
    'JSON.parse("1")',
    'Math.floor(1.5)',
    'Object.freeze({})',
    'new Map([["a", 1]])',
    'new Set([Symbol.iterator])',
    'Number.parseInt("1", 10)',
    'decodeURIComponent("%20")',
    'new RegExp("a").test("b")',
    '((process: { env: object }) => process.env)',
  ];
  const brokenByCode = brokenBy(
    [...IMPURE, ...PURE],
    (code, n) => `export const x${n} = (): unknown => ${code};`,
  );
  it.each(IMPURE)('%s', async (code) => {
    for (const file of [...STRICT, ...DATED]) {
      const rules = await brokenByCode(file, code);
      expect(rules.length, file).toBeGreaterThan(0);
      expect(
        rules.every((rule) => rule.startsWith('no-restricted-')),
        file,
      ).toBe(true);
    }
  });

  it.each(PURE)('%s is as pure as can be', async (code) => {
    for (const file of [...STRICT, ...DATED]) {
      expect(await brokenByCode(file, code), file).toEqual([]);
    }
  });

  it('model and utils may read the text of a date, other rooms not', async () => {
    const code = `export const x = (text: string): number => Date.parse(text) + new Date(text).getTime();`;
    for (const file of DATED) expect(await broken(file, code), file).toEqual([]);
    for (const file of STRICT) expect(await broken(file, code), file).toEqual(['no-restricted-globals']);
  });

  it('is asked of no other layer', async () => {
    const code = `export const x = () => [Date.now(), Math.random(), process.env, setTimeout(() => 1, 1)];`;
    for (const file of [
      'delivery/x.ts',
      'project/x.ts',
      'identity/x.ts',
      'store/x.ts',
      'utils/node/x.ts',
      'convert/x.ts',
      'options/x.ts',
    ]) {
      expect(await broken(file, code), file).toEqual([]);
    }
  });
});

describe('the table', () => {
  it('has places for its rooms', () => {
    const rooms = new Set(PLACES.map((file) => roomOf(file.slice(0, -'.ts'.length))));
    const named = LAYERS.flatMap(({ rooms: names }) => names).filter((name) => !name.includes('*'));
    expect(named.filter((name) => !rooms.has(name))).toEqual([]);
    expect(PLACES).toEqual(
      expect.arrayContaining(['adapters/koa.ts', 'integrations/lmdb/x.ts', 'index.ts', 'engine.ts']),
    );
  });

  it('has a row for every file of src', () => {
    const files = readdirSync(resolve(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const rooms = files.filter((file) => file.endsWith('.ts')).map((file) => roomOf(file.slice(0, -3)));
    expect(rooms.length).toBeGreaterThan(50);
    expect(rooms).not.toContain(undefined);
  });

  it('is short, and names no files', () => {
    expect(LAYERS.length).toBeLessThanOrEqual(14);
    const files = LAYERS.flatMap(({ rooms, may }) => [...rooms, ...may]).filter((name) =>
      existsSync(resolve(ROOT, 'src', `${name}.ts`)),
    );
    expect(files.filter((name) => !existsSync(resolve(ROOT, 'src', name)))).toEqual([]);
  });

  it('leaves nothing at the top of src but the entries of the package', () => {
    const { exports } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>;
    };
    const names = Object.keys(exports).filter((name) => !name.endsWith('.json'));
    const entries = names.map((name) => `${name === '.' ? 'index' : name.slice(2)}.ts`);
    const top = readdirSync(resolve(ROOT, 'src'), { withFileTypes: true });
    expect(top.flatMap((each) => (each.isFile() ? [each.name] : [])).sort()).toEqual(entries.sort());
  });
});
