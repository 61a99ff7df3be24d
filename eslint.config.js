import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { layersRule, PURE } from './eslint.layers.js';

/**
 * All that pure rooms may use of what is there without an import. No clock, no randomness, no I/O, no code from text.
 */
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

/** Lines for the operator have a code, and the address of the page on it. */
const plainLine = {
  selector:
    'CallExpression[callee.property.name=/^(?:warn|error)$/]:matches(' +
    '[callee.object.name=/logger$/i], [callee.object.property.name=/logger$/i])',
  message: 'logWarning(), warnOnceOn() or logError() of utils/operator-log.ts.',
};

export default tseslint.config(
  // The declarations for code in the documentation declare globals, so they are in no TypeScript project.
  { ignores: ['.github/scripts/*.d.ts', 'dist', 'coverage', 'test/package/consumers', '**/node_modules'] },
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
      // Comments, above all: Prettier wraps the code.
      'max-len': [
        'error',
        {
          code: 120,
          ignoreUrls: true,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', plainLine],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { house: { rules: { layers: layersRule } } },
    rules: { 'house/layers': 'error' },
  },
  {
    files: PURE.map((room) => `src/${room}/**/*.ts`),
    ignores: ['src/utils/node/**'],
    rules: {
      'no-restricted-globals': ['error', ...impure],
      'no-restricted-properties': ['error', randomness],
      'no-restricted-syntax': ['error', hostData, plainLine],
    },
  },
  {
    // The shape of data and its helpers: `Date` may turn the text of a date into a number there, and not tell the time.
    files: ['src/model/**/*.ts', 'src/utils/**/*.ts'],
    ignores: ['src/utils/node/**'],
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
        plainLine,
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
