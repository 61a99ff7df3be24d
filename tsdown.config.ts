/** Builds the package: each subpath of `exports` in package.json is an entry, `./x` from `src/x.ts`. */
import { defineConfig, type UserConfig } from 'tsdown';
import manifest from './package.json' with { type: 'json' };

/** What runs without Node is built apart, so that it shares no file with what needs Node. */
const WEB = 'fetch';
const entries = Object.keys(manifest.exports)
  .filter((subpath) => !subpath.endsWith('.json') && subpath !== `./${WEB}`)
  .map((subpath) => (subpath === '.' ? 'index' : subpath.slice('./'.length)));

/** The command line, which is no subpath of the package. */
const COMMAND_LINE = { cli: 'src/cli/main.ts' };

/** Entries that make no Convert; all others do, so that they load nearly the same files. */
const PARTS = [
  'engine',
  'sdk-engine',
  'geoip-lite',
  'maxmind',
  'redis',
  'lmdb',
  'webhook',
  'async-context',
  'ours-privacy',
  'assignment',
];
const main = entries.filter((name) => !PARTS.includes(name)).length + Object.keys(COMMAND_LINE).length;

/** Matches the code below `src`, and no declarations, which have chunks of their own. */
const code = (paths: string): RegExp => new RegExp(`/src/${paths}.*(?<!\\.d)\\.ts$`);

const shared: UserConfig = {
  format: ['esm', 'cjs'],
  // The code stays readable, so that a stack trace leads to it: source maps would be most of the package.
  sourcemap: false,
  dts: false,
  clean: true,
  fixedExtension: true,
};
// The docs of the public interface are in the declarations.
const comments = { legal: true, annotation: true, jsdoc: false };

const HELPERS = { name: 'helpers', test: /rolldown\/runtime/ };

const node: UserConfig = {
  ...shared,
  entry: { ...Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])), ...COMMAND_LINE },
  platform: 'node',
  target: 'node20',
  outputOptions: {
    comments,
    codeSplitting: {
      includeDependenciesRecursively: false,
      // Each file takes time to be found and read, so there are few. No entry loads a large file for a small part of
      // it, and `engine` loads none with a module of Node. The part of all entries is `base`; what only some of the
      // smaller entries need are places, the config, the page with consent, and the states and events of visitors.
      groups: [
        HELPERS,
        { name: 'base', test: code('utils/'), minShareCount: main + 6 },
        { name: 'geo', test: code('(?:request/(?!user-agent)|utils/app-callback)'), minShareCount: main + 1 },
        { name: 'config', test: code('(?:engine|project)/(?!config-limits)'), minShareCount: main + 1 },
        { name: 'page', test: code('(?:bridge|consent|context)/'), minShareCount: main + 1 },
        { name: 'state', test: code('(?!utils/node/(?!bytes|timers)|request/)'), minShareCount: main + 1 },
        { name: 'convert', test: code('(?!engine/(?!on-demand))'), minShareCount: main },
        { name: 'adapters', test: code('(?:adapters|bridge|context|convert)/'), minShareCount: 3 },
      ],
    },
  },
};

const web: UserConfig = {
  ...shared,
  entry: { [WEB]: `src/${WEB}.ts` },
  platform: 'neutral',
  target: 'es2023',
  outputOptions: {
    comments,
    // Without it, the helpers of CommonJS are in a file that is to be loaded later.
    codeSplitting: { groups: [HELPERS] },
  },
};

/**
 * The declarations of all entries are made together, so that each type is there once: what an app merges into
 * `ConvertProject` is then known to every entry.
 */
const declarations: UserConfig = {
  ...shared,
  entry: { ...(node.entry as Record<string, string>), ...(web.entry as Record<string, string>) },
  dts: { sourcemap: false, emitDtsOnly: true },
  platform: 'neutral',
  plugins: [
    {
      name: 'declarations-only',
      // With the declarations for CommonJS, tsdown makes code, too.
      generateBundle(_, bundle) {
        for (const file of Object.keys(bundle)) if (!/\.d\.[cm]ts$/.test(file)) delete bundle[file];
      },
    },
  ],
};

export default defineConfig([node, web, declarations]);
