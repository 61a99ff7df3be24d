/** Builds the package: each subpath of `exports` in package.json is an entry, `./x` from `src/x.ts`. */
import { defineConfig } from 'tsdown';
import manifest from './package.json' with { type: 'json' };

/**
 * Declarations have no source maps: there is nothing of ours in the package that they could lead to. The bundler writes
 * the comment that points to one all the same.
 */
const noDeclarationMaps = {
  name: 'no-declaration-maps',
  generateBundle(_options: unknown, bundle: Record<string, { code?: string }>): void {
    for (const [name, chunk] of Object.entries(bundle)) {
      if (/\.d\.[cm]ts$/.test(name)) chunk.code = chunk.code?.replace(/\n\/\/# sourceMappingURL=.*$/, '\n');
    }
  },
};

const entries = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => (subpath === '.' ? 'index' : subpath.slice('./'.length)));

export default defineConfig({
  entry: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  dts: { sourcemap: false },
  sourcemap: true,
  outputOptions: {
    plugins: [noDeclarationMaps],
    // The docs of the public interface are in the declarations, and the source map has the sources.
    comments: { legal: true, annotation: true, jsdoc: false },
    // By itself, so that a small entry doesn't load a large one for the sake of the bundler's helpers.
    codeSplitting: { groups: [{ name: 'helpers', test: /rolldown\/runtime/ }] },
  },
  clean: true,
  fixedExtension: true,
});
