/** Builds the package: each subpath of `exports` in package.json is an entry, `./x` from `src/x.ts`. */
import { defineConfig } from 'tsdown';
import manifest from './package.json' with { type: 'json' };

const entries = Object.keys(manifest.exports)
  .filter((subpath) => !subpath.endsWith('.json'))
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

/** Entries that run without Node, so that they load no file with anything of Node. */
const WEB = ['fetch', 'webhook', 'assignment', 'ours-privacy'];

interface Graph {
  getModuleInfo(id: string): {
    readonly importers: readonly string[];
    readonly dynamicImporters: readonly string[];
  } | null;
}

/** Returns the entries that load a module, at any depth; with `later`, those that load it on demand, too. */
function entriesWith(id: string, graph: Graph, { later }: { later: boolean }): string[] {
  const found = new Set([id]);
  for (const each of found) {
    const { importers = [], dynamicImporters = [] } = graph.getModuleInfo(each) ?? {};
    for (const importer of importers) found.add(importer);
    for (const importer of later ? dynamicImporters : []) found.add(importer);
  }
  return [...found].flatMap((each) => /\/src\/([^/]+|cli\/main)\.ts$/.exec(each)?.[1] ?? []);
}

/** True for what only the entries have in common that make a Convert of Node. */
function isOfNode(id: string, graph: Graph): boolean {
  const isElsewhere = (entry: string): boolean => PARTS.includes(entry) || WEB.includes(entry);
  return (
    entriesWith(id, graph, { later: false }).length >= 3 &&
    !entriesWith(id, graph, { later: true }).some(isElsewhere)
  );
}

/** True for what most entries load, and for the small parts that adapters share with `fetch`, with what these need. */
const isInBase = (id: string, graph: Graph): boolean =>
  !id.includes('/utils/') ||
  /\/(?:operator-log|warning-codes|logger)\./.test(id) ||
  entriesWith(id, graph, { later: false }).length >= main + 3;

/** Matches the code below `src`, and no declarations, which have chunks of their own. */
const code = (paths: string): RegExp => new RegExp(`/src/${paths}.*(?<!\\.d)\\.ts$`);

export default defineConfig({
  format: ['esm', 'cjs'],
  // The code stays readable, so that a stack trace leads to it: source maps would be most of the package.
  sourcemap: false,
  // All entries share their declarations, so that what an app merges into `ConvertProject` is known to each of them.
  dts: { sourcemap: false },
  clean: true,
  fixedExtension: true,
  entry: { ...Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])), ...COMMAND_LINE },
  // That of Node would have each entry load a module of Node.
  platform: 'neutral',
  external: [/^node:/],
  target: 'node20',
  outputOptions: {
    // The docs of the public interface are in the declarations.
    comments: { legal: true, annotation: true, jsdoc: false },
    codeSplitting: {
      includeDependenciesRecursively: false,
      // Each file takes time to be found and read, so there are few. No entry loads a large file for a small part of
      // it, and neither `engine` nor an entry in `WEB` loads one with a module of Node. The part of all entries is
      // `base`; what only some of the smaller entries need are places, the config, the page with consent, and the
      // states and events of visitors.
      groups: [
        { name: 'helpers', test: /rolldown\/runtime/ },
        { name: (id, graph) => (isOfNode(id, graph) ? 'node' : null), test: code('') },
        {
          name: (id, graph) => (isInBase(id, graph) ? 'base' : null),
          test: code('(?:utils/|context/current-context|convert/route)'),
        },
        { name: 'geo', test: code('(?:request/(?!user-agent)|utils/app-callback)'), minShareCount: main + 1 },
        { name: 'config', test: code('(?:engine|project)/(?!config-limits)'), minShareCount: main + 1 },
        { name: 'page', test: code('(?:bridge|consent|context)/'), minShareCount: main + 1 },
        { name: 'state', test: code('(?!utils/node/(?!bytes|timers)|request/)'), minShareCount: main + 1 },
        { name: 'convert', test: code('(?!engine/(?!on-demand))'), minShareCount: main },
      ],
    },
  },
});
