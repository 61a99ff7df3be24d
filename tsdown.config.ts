/** Builds the package: each subpath of `exports` in package.json is an entry, `./x` from `src/x.ts`. */
import { defineConfig } from 'tsdown';
import manifest from './package.json' with { type: 'json' };

const entries = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => (subpath === '.' ? 'index' : subpath.slice('./'.length)));

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
    // By itself, so that a small entry doesn't load a large one for the sake of the bundler's helpers.
    codeSplitting: { groups: [{ name: 'helpers', test: /rolldown\/runtime/ }] },
  },
  clean: true,
  fixedExtension: true,
});
