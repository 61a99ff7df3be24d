/** Builds the package: each subpath of `exports` in package.json is an entry, `./x` from `src/x.ts`. */
import { defineConfig } from 'tsdown';
import manifest from './package.json' with { type: 'json' };

const entries = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => (subpath === '.' ? 'index' : subpath.slice('./'.length)));

/** The entries that make a Convert, so that they load nearly the same files. */
const MAIN_ENTRIES = ['index', 'express', 'koa', 'fastify', 'testing'];
/** Rooms without modules of Node. */
const PURE = '(?:engine|model|request|utils(?!/node)|project/(?:parse-config|config-entities|config-limits))';

/** Matches the code below `src`, and no declarations, which have chunks of their own. */
const code = (paths: string): RegExp => new RegExp(`/src/${paths}.*(?<!\\.d)\\.ts$`);

export default defineConfig({
  entry: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  // The code stays readable, so that a stack trace leads to it: source maps would be most of the package.
  sourcemap: false,
  dts: { sourcemap: false },
  outputOptions: {
    // The docs of the public interface are in the declarations.
    comments: { legal: true, annotation: true, jsdoc: false },
    codeSplitting: {
      includeDependenciesRecursively: false,
      // Each file takes time to be found and read, so there are few. No entry loads a large file for a small part of it,
      // and `engine` loads none with a module of Node.
      groups: [
        { name: 'helpers', test: /rolldown\/runtime/ },
        { name: 'base', test: code(PURE), minShareCount: MAIN_ENTRIES.length + 1 },
        { name: 'node', test: code(''), minShareCount: MAIN_ENTRIES.length + 1 },
        { name: 'convert', test: code('(?!engine/(?!on-demand))'), minShareCount: MAIN_ENTRIES.length },
        { name: 'adapters', test: code('(?:adapters/|context/template-view)'), minShareCount: 3 },
      ],
    },
  },
  clean: true,
  fixedExtension: true,
});
