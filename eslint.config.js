import js from '@eslint/js';
import { dirname, join, relative } from 'node:path';
import tseslint from 'typescript-eslint';

/**
 * The arrows of the house. Each row: files, the folders of src (or files at its top, without `.ts`) that they `may`
 * import, and the `packages` that they may use, some of them for their `types` only (`node:` stands for all modules of
 * Node). What is not named is forbidden, and so is every import in a file without a row. `leaves` are files of plain
 * values and types that any layer may read.
 */
const leaves = [
  'errors',
  'exchange',
  'project-config',
  'state',
  'claims',
  'entries',
  'joined',
  'held',
  'tracking',
  'arrival',
  'countries',
  'logger',
  'version',
  'backoff',
  'ask',
  'thenable',
  'options-check',
  'glance',
  'detached',
  'plain-address',
  'bot-agent',
];
const rooms = {
  engine: ['re2js', '@eslint-community/regexpp'],
  request: ['ua-parser-js'],
  visitor: ['node:', 'cookie'],
  bridge: [],
  store: ['node:'],
  delivery: ['node:'],
  project: ['node:'],
};
const below = [...Object.keys(rooms), ...leaves];
const core = [
  'convert',
  'context',
  'close-with',
  'options',
  'runtime',
  'index',
  'node-response',
  'mount',
  ...below,
];
const arrows = [
  { files: leaves.map((name) => `src/${name}.ts`), may: leaves },
  ...Object.entries(rooms).map(([room, packages]) => ({
    files: [`src/${room}/**/*.ts`],
    may: [room, ...leaves],
    packages,
  })),
  { files: ['src/bot-agent.ts'], may: leaves, packages: ['isbot'] },
  { files: ['src/file-look.ts'], may: leaves, packages: ['node:fs'] },
  { files: ['src/project/file-source.ts'], may: ['project', 'file-look', ...leaves], packages: ['node:'] },
  { files: ['src/secrets.ts'], may: leaves, packages: ['node:crypto'] },
  { files: ['src/visitor/assignment-cookie.ts'], may: ['visitor', 'secrets', ...leaves] },
  { files: ['src/redis/*.ts'], may: ['redis', ...leaves], packages: ['node:'] },
  {
    files: ['src/delivery/redis-outbox.ts', 'src/delivery/redis/*.ts'],
    may: ['delivery', 'redis', ...leaves],
    packages: ['node:'],
  },
  {
    files: ['src/store/redis-*.ts'],
    may: ['store', 'redis', ...leaves],
    packages: ['node:'],
  },
  {
    files: ['src/store/lmdb-*.ts'],
    may: ['store', ...leaves],
    packages: ['node:', 'lmdb'],
  },
  { files: ['src/lmdb.ts'], may: ['store'] },
  {
    files: ['src/project/redis-cache.ts'],
    may: ['project', 'redis', ...leaves],
    packages: ['node:'],
  },
  { files: ['src/redis.ts'], may: ['delivery', 'store', 'project', 'redis'] },
  { files: ['src/conversion-data.ts'], may: ['engine', ...leaves] },
  { files: ['src/options.ts'], may: ['options-conflicts', ...below] },
  { files: ['src/options-conflicts.ts'], may: ['options', ...below] },
  { files: ['src/runtime.ts'], may: ['passage', 'settlements', ...below] },
  { files: ['src/settlements.ts'], may: ['store', ...leaves] },
  { files: ['src/offered.ts'], may: below },
  { files: ['src/journal.ts'], may: ['runtime', 'settlements', 'offered', ...below] },
  { files: ['src/context.ts'], may: ['runtime', ...below] },
  {
    files: ['src/base-context.ts'],
    may: ['context', 'runtime', 'journal', 'conversion-data', ...below],
  },
  {
    files: ['src/request-context.ts', 'src/job-context.ts'],
    may: [
      'base-context',
      'context',
      'runtime',
      'journal',
      'visitor-head',
      'user-alias',
      'hint-head',
      'forget',
      ...below,
    ],
  },
  { files: ['src/visitor-head.ts', 'src/user-alias.ts'], may: ['base-context', 'runtime', ...below] },
  { files: ['src/request-parts.ts'], may: ['request-context', 'options', ...below] },
  { files: ['src/hint-head.ts'], may: ['request', ...leaves] },
  { files: ['src/drain.ts', 'src/emitter.ts', 'src/passage.ts'], may: leaves },
  { files: ['src/close-with.ts'], may: leaves },
  { files: ['src/signals.ts'], may: leaves, packages: ['node:timers'] },
  { files: ['src/wait-until.ts'], may: ['runtime', ...leaves] },
  { files: ['src/withdrawals.ts'], may: ['runtime'] },
  { files: ['src/forget.ts'], may: ['runtime', ...below] },
  { files: ['src/outbox.ts'], may: ['options', ...below] },
  { files: ['src/channels.ts'], may: ['runtime'], packages: ['node:diagnostics_channel'] },
  {
    files: ['src/convert.ts'],
    may: [
      'context',
      'request-context',
      'request-parts',
      'job-context',
      'options',
      'runtime',
      'drain',
      'passage',
      'emitter',
      'channels',
      'outbox',
      'withdrawals',
      'forget',
      'close-with',
      'settlements',
      'signals',
      'wait-until',
      ...below,
    ],
  },
  { files: ['src/engine.ts'], may: ['engine', 'project', ...leaves] },
  { files: ['src/sdk-engine.ts'], may: ['engine', ...leaves] },
  {
    files: ['src/geo/*.ts'],
    may: ['geo', 'request', 'file-look', ...leaves],
    packages: ['node:', 'geoip-lite', 'maxmind'],
  },
  { files: ['src/geoip-lite.ts', 'src/maxmind.ts'], may: ['geo', 'request'] },
  { files: ['src/node-response.ts'], may: leaves, types: ['node:'] },
  { files: ['src/mount.ts'], may: ['convert', 'context', 'options', ...leaves] },
  {
    files: ['src/testing/*.ts'],
    may: ['testing', 'project', 'delivery', 'store', ...leaves],
    packages: ['node:assert', 'node:timers'],
  },
  {
    files: ['src/testing.ts'],
    may: ['testing', 'convert', 'options', 'engine', 'store', 'project', ...leaves],
  },
  { files: ['src/index.ts'], may: core },
  { files: ['src/express.ts'], may: core, types: ['express'] },
  { files: ['src/koa.ts'], may: core, types: ['koa'] },
  { files: ['src/fastify-locals.ts'], may: core, types: ['fastify'] },
  {
    files: ['src/fastify.ts'],
    may: ['fastify-locals', ...core],
    packages: ['fastify-plugin'],
    types: ['fastify'],
  },
];

const SRC = join(import.meta.dirname, 'src');

/** Follows an import, however it is written, to the file or the package that it leads to. */
const arrowsRule = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: {
      arrow: "'{{to}}' is against the arrows of the design (see eslint.config.js).",
      package: "'{{to}}' is not a package for this file (see eslint.config.js).",
      type: "'{{to}}' may be imported as a type only: `import type`.",
      computed: 'An import that is computed can not be checked.',
    },
  },
  create(context) {
    const { may = [], packages = [], types = [] } = context.options[0];
    const isIn = (names, to) =>
      names.some((name) => to === name || to.startsWith(name.endsWith(':') ? name : `${name}/`));

    function check(node, source, isType = false) {
      const report = (messageId, to) => context.report({ node, messageId, data: { to } });
      const to = source?.type === 'TSLiteralType' ? source.literal.value : source?.value;
      if (typeof to !== 'string') return report('computed');
      if (/^\.{0,2}\//.test(to) || to === '.' || to === '..') {
        const path = relative(SRC, join(dirname(context.filename), to)).replaceAll('\\', '/');
        const name = path.split('/')[0].replace(/\.[jt]s$/, '');
        if (to.startsWith('/') || !may.includes(name)) report('arrow', to);
      } else if (!isIn(packages, to)) {
        if (!isIn(types, to)) report('package', to);
        else if (!isType) report('type', to);
      }
    }

    return {
      ImportDeclaration: (node) => check(node, node.source, node.importKind === 'type'),
      ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
      ExportNamedDeclaration: (node) => node.source && check(node, node.source, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument, true),
      TSExternalModuleReference: (node) => check(node, node.expression),
      "CallExpression[callee.name='require']": (node) => check(node, node.arguments[0]),
    };
  },
};

/** Rooms of values in, values out: the same for the same arguments, whenever and wherever. */
const pure = ['engine', 'request', 'bridge'];
/** All that they may use of what is there without an import. No clock, no randomness, no I/O, no code from text. */
const deterministic = [
  ...[
    'Object',
    'Array',
    'String',
    'Number',
    'Boolean',
    'BigInt',
    'Symbol',
    'RegExp',
    'Promise',
    'Proxy',
    'Reflect',
  ],
  ...['Map', 'Set', 'WeakMap', 'WeakSet', 'JSON', 'Math', 'Iterator'],
  ...['Error', 'TypeError', 'RangeError', 'SyntaxError', 'URIError', 'AggregateError'],
  ...['undefined', 'NaN', 'Infinity', 'isNaN', 'isFinite', 'parseInt', 'parseFloat'],
  ...[
    'encodeURI',
    'encodeURIComponent',
    'decodeURI',
    'decodeURIComponent',
    'URL',
    'URLSearchParams',
    'atob',
    'btoa',
  ],
  ...['ArrayBuffer', 'DataView', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'TextEncoder', 'TextDecoder'],
];
const impure = [
  ...Object.getOwnPropertyNames(globalThis).filter((name) => !deterministic.includes(name)),
  // Not properties of the global object, or not in every version of Node.
  ...['require', 'module', 'exports', '__dirname', '__filename', 'window', 'self', 'Temporal'],
  ...['navigator', 'localStorage', 'sessionStorage', 'WebSocket', 'EventSource', 'XMLHttpRequest'],
];
const randomness = { object: 'Math', property: 'random' };
const hostData = {
  selector: 'MetaProperty[meta.name="import"]',
  message: 'Values in, values out: no import.meta.',
};

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'test/package/consumers', '**/node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { house: { rules: { arrows: arrowsRule } } },
    rules: { 'house/arrows': ['error', {}] },
  },
  ...arrows.map(({ files, ...named }) => ({ files, rules: { 'house/arrows': ['error', named] } })),
  {
    files: pure.map((room) => `src/${room}/**/*.ts`),
    rules: {
      'no-restricted-globals': ['error', ...impure],
      'no-restricted-properties': ['error', randomness],
      'no-restricted-syntax': ['error', hostData],
    },
  },
  {
    // What pure rooms read is pure; `Date` may turn the text of a date into a number here, and not tell the time.
    files: leaves.map((name) => `src/${name}.ts`),
    rules: {
      'no-restricted-globals': ['error', ...impure.filter((name) => name !== 'Date')],
      'no-restricted-properties': ['error', randomness, { object: 'Date', property: 'now' }],
      'no-restricted-syntax': [
        'error',
        hostData,
        {
          selector: ':matches(NewExpression[arguments.length=0], CallExpression)[callee.name="Date"]',
          message: 'No clock.',
        },
      ],
    },
  },
  {
    // Plain JavaScript: this file, the examples, the benchmarks.
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
    rules: tseslint.configs.disableTypeChecked.rules,
  },
  {
    // What runs in the page.
    files: ['examples/**/client.js'],
    languageOptions: { globals: { window: 'readonly', document: 'readonly' } },
  },
  {
    // Tests and examples read untyped JSON and responses all the time.
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
