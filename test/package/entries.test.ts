/** The entries of the package: `exports` of package.json lists them, and whatever else names them must say the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const {
  '.': index,
  './package.json': _manifest,
  './project.schema.json': _schema,
  ...subpaths
} = manifest.exports;
const names = Object.keys(subpaths).map((subpath) => subpath.slice('./'.length));

it('are the files at the top of src', () => {
  const files = readdirSync('src').filter((file) => file.endsWith('.ts'));
  expect(files.sort(), '`exports` of package.json names each file at the top of src').toEqual(
    ['index', ...names].map((name) => `${name}.ts`).sort(),
  );
});

it('export the types of the whole package, so that apps compile with `declaration`', () => {
  const line = /^export (?:type )?\* from '\.\/convert\/public-types\.js';$/m;
  const without = ['index', ...names].filter((name) => !line.test(readFileSync(`src/${name}.ts`, 'utf8')));
  expect(without).toEqual([]);
});

it('have both builds and their types under their own name', () => {
  const entries = Object.entries({ './index': index, ...subpaths });
  for (const [subpath, conditions] of entries) {
    const file = subpath.replace('./', './dist/');
    expect(conditions).toEqual({
      import: { types: `${file}.d.mts`, default: `${file}.mjs` },
      require: { types: `${file}.d.cts`, default: `${file}.cjs` },
    });
  }
});

it('have the same types where a resolver knows `typesVersions` only', () => {
  expect(manifest.typesVersions, '`typesVersions` of package.json names the entries of `exports`').toEqual({
    '*': Object.fromEntries(names.map((name) => [name, [`./dist/${name}.d.cts`]])),
  });
});
