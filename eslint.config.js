import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The arrows of the house. Each row: files, and the folders of src (or files at its top, without `.ts`) that they
 * may import. What is not named is forbidden. `leaves` are files of plain values and types that any layer may read.
 */
const leaves = ['errors', 'exchange', 'project-config', 'state', 'tracking', 'logger', 'version', 'backoff'];
const rooms = ['engine', 'request', 'visitor', 'bridge', 'store', 'delivery', 'project'];
const core = ['convert', 'context', 'options', 'runtime', 'index', 'node-response', 'mount', ...rooms, ...leaves];
const arrows = [
  { files: leaves.map((name) => `src/${name}.ts`), may: leaves },
  ...rooms.map((room) => ({ files: [`src/${room}/**/*.ts`], may: [room, ...leaves] })),
  { files: ['src/options-check.ts', 'src/conversion-data.ts'], may: ['engine', ...leaves] },
  { files: ['src/options.ts'], may: ['options-check', ...rooms, ...leaves] },
  { files: ['src/runtime.ts'], may: [...rooms, ...leaves] },
  { files: ['src/journal.ts'], may: ['runtime', ...rooms, ...leaves] },
  { files: ['src/context.ts'], may: ['runtime', 'journal', 'conversion-data', ...rooms, ...leaves] },
  {
    files: ['src/request-context.ts', 'src/job-context.ts'],
    may: ['context', 'runtime', 'journal', ...rooms, ...leaves],
  },
  { files: ['src/drain.ts', 'src/emitter.ts'], may: leaves },
  {
    files: ['src/convert.ts'],
    may: [
      'context',
      'request-context',
      'job-context',
      'options',
      'runtime',
      'load-sdk',
      'drain',
      'emitter',
      ...rooms,
      ...leaves,
    ],
  },
  { files: ['src/load-sdk.ts'], may: ['sdk-engine', 'engine', ...leaves] },
  { files: ['src/sdk-engine.ts'], may: ['engine', ...leaves] },
  { files: ['src/geoip-lite.ts'], may: ['request', ...leaves] },
  { files: ['src/node-response.ts'], may: leaves },
  { files: ['src/mount.ts'], may: ['convert', 'context', 'options', ...leaves] },
  { files: ['src/index.ts'], may: core },
  { files: ['src/express.ts', 'src/koa.ts', 'src/fastify.ts'], may: core },
];

const frameworks = ['express', 'koa', 'fastify', 'fastify-plugin', '@fastify/*'];
/** The only files that may name a framework, and which one. */
const frameworkFiles = {
  'src/express.ts': ['express'],
  'src/koa.ts': ['koa'],
  'src/fastify.ts': ['fastify', 'fastify-plugin'],
};
const pure = ['engine', 'request', 'bridge'];

function importRule(file, may) {
  const room = file.match(/^src\/(\w+)\/\*\*/)?.[1];
  const allowed = frameworkFiles[file] ?? [];
  const names = may.join('|');
  // From a room, its own files are './x' (or '../room/x') and everything else starts with '../'.
  const regex = room
    ? `^(\\.\\./)+(?!(${names})(/|\\.js$))|^\\.\\./\\.\\./\\.\\./`
    : `^\\./(?!(${names})(/|\\.js$))|^\\.\\./`;
  const patterns = [
    { regex, message: 'This import is against the arrows of the design (see eslint.config.js).' },
    {
      group: frameworks.filter((name) => !allowed.includes(name)),
      message: 'Only the adapter of a framework may import it.',
    },
  ];
  if (pure.includes(room)) {
    patterns.push({
      regex: `^node:|^(${['fs', 'crypto', 'http', 'https', 'path', 'url', 'os', 'net', 'util'].join('|')})$`,
      message: 'engine, request and bridge are pure: no node: modules.',
    });
  }
  return ['error', { patterns }];
}

const impure = [
  'process',
  'Buffer',
  'performance',
  'crypto',
  'fetch',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'globalThis',
  'require',
];

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'test/package/consumers', '**/node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
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
  ...arrows.flatMap(({ files, may }) =>
    files.map((file) => ({ files: [file], rules: { 'no-restricted-imports': importRule(file, may) } })),
  ),
  {
    files: pure.map((room) => `src/${room}/**/*.ts`),
    rules: {
      'no-restricted-globals': ['error', ...impure, 'Date'],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
  {
    // Tests and examples read untyped JSON and responses all the time.
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', 'eslint.config.js'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
