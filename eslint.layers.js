/**
 * The layer rule: which folder of src may import which, and which packages. ARCHITECTURE.md explains the rooms.
 *
 * A room is a folder of `src`; a subfolder that a row names is a room of its own, and `*` stands for one name. A file
 * may import its own room and the rooms of its row, and what no row allows is forbidden.
 */
import { dirname, join, relative } from 'node:path';

const model = ['model', 'utils'];
const io = [...model, 'utils/node'];
const delivery = ['delivery', 'delivery/transports', 'delivery/spool'];
const below = ['engine', 'request', 'bridge', 'consent', 'identity', 'store', 'project', ...delivery, ...io];

export const LAYERS = [
  { rooms: ['utils', 'utils/node'], may: ['utils'] },
  { rooms: ['model'], may: ['utils'] },
  { rooms: ['engine', 'request', 'bridge'], may: model },
  { rooms: ['consent'], may: ['request', ...model] },
  { rooms: ['identity'], may: ['consent', 'request', ...io] },
  { rooms: ['store', 'project'], may: io },
  { rooms: delivery, may: ['delivery', ...io] },
  { rooms: ['context', 'options'], may: below },
  { rooms: ['convert'], may: ['context', 'options', ...below] },
  { rooms: ['integrations/*'], may: below },
  {
    rooms: ['adapters/*'],
    may: ['adapters/shared', 'adapters/node-response', 'convert', 'context', 'options', ...model],
  },
  {
    rooms: ['testing', 'webhook', 'assignment', 'ours-privacy', 'fetch'],
    may: ['convert', 'context', 'options', ...below],
  },
  {
    rooms: ['cli'],
    may: ['adapters/shared', 'assignment', 'convert', 'options', 'engine', 'project', ...model],
  },
  {
    rooms: ['*'],
    may: [
      'adapters/*',
      'integrations/*',
      'testing',
      'webhook',
      'ours-privacy',
      'assignment',
      'fetch',
      'convert',
      'context',
      'options',
      ...below,
    ],
  },
];

/**
 * Room -> the packages that it may use, and those of which it may use the types only. `node:` is every module of Node.
 */
export const PACKAGES = {
  engine: { packages: ['re2js', '@eslint-community/regexpp'] },
  request: { packages: ['ua-parser-js', 'isbot'] },
  'utils/node': { packages: ['node:'] },
  store: { packages: ['node:'] },
  project: { packages: ['node:'] },
  'delivery/transports': { packages: ['node:'] },
  'delivery/spool': { packages: ['node:'] },
  convert: { packages: ['node:'] },
  'integrations/redis': { packages: ['node:', 'ioredis', '@redis/client'] },
  'integrations/lmdb': { packages: ['node:', 'lmdb'] },
  'integrations/maxmind': { packages: ['node:', 'maxmind'] },
  'integrations/geoip-lite': { packages: ['node:', 'geoip-lite'] },
  'adapters/express': { types: ['express'] },
  'adapters/koa': { types: ['koa'] },
  'adapters/fastify': { packages: ['fastify-plugin'], types: ['fastify', 'node:stream'] },
  'adapters/node-response': { packages: ['node:http'] },
  'adapters/shared': { types: ['node:stream'] },
  'adapters/async-context': { packages: ['node:async_hooks'] },
  fetch: { packages: ['@noble/hashes'] },
  cli: { packages: ['node:'] },
  testing: { packages: ['node:assert', 'node:timers'] },
};

/**
 * Rooms of values in, values out: no `node:`, clock, randomness, environment or framework. `utils/node` is another
 * room.
 */
export const PURE = ['engine', 'request', 'bridge', 'consent', 'model', 'utils'];

const SRC = join(import.meta.dirname, 'src');
const ROOMS = LAYERS.flatMap(({ rooms }) => rooms);

/** The room of a file, given by its path below src without its ending; undefined if no row names it. */
export function roomOf(path) {
  const names = path.split('/');
  const holds = (room) => {
    const parts = room.split('/');
    // A file is in a folder; `*` may be the file itself: each adapter is a room, and so is each entry.
    const isDeepEnough = names.length > parts.length || (names.length === parts.length && room.endsWith('*'));
    return isDeepEnough && parts.every((part, index) => part === '*' || part === names[index]);
  };
  // An entry is a room of its own, too, and some have the name of a folder: `engine.ts` and `engine/`.
  if (names.length === 1) return `./${path}`;
  const depths = ROOMS.filter((room) => room !== '*' && holds(room)).map((room) => room.split('/').length);
  return depths.length === 0 ? undefined : names.slice(0, Math.max(...depths)).join('/');
}

const isNamed = (names, room) =>
  names.some((name) => name === room || (name.endsWith('/*') && room.startsWith(name.slice(0, -1))));

/** The row of a room: an entry is in the last one. */
export function rowOf(room) {
  return LAYERS.find(({ rooms }) => isNamed(rooms, room)) ?? LAYERS.find(({ rooms }) => rooms.includes('*'));
}

/** The ESLint rule: it follows every import, however it is written, to the file or the package that it leads to. */
export const layersRule = {
  meta: {
    type: 'problem',
    messages: {
      layer: "'{{to}}' is against the layer rule (see eslint.layers.js).",
      package:
        "'{{to}}' is not a package for {{room}}: add it to its row in PACKAGES of eslint.layers.js, or move the file.",
      type: "'{{to}}' may be imported as a type only: `import type`.",
      computed: 'An import that is computed can not be checked.',
    },
  },
  create(context) {
    const own = roomOf(pathOf(context.filename));
    const { may } = (own !== undefined && rowOf(own)) || { may: [] };
    const { packages = [], types = [] } = PACKAGES[own] ?? {};

    function check(node, source, isType = false) {
      const report = (messageId, to) =>
        context.report({ node, messageId, data: { to, room: own ?? 'a file that no row of LAYERS names' } });
      const to = source?.type === 'TSLiteralType' ? source.literal.value : source?.value;
      if (typeof to !== 'string') return report('computed');
      if (/^\.{0,2}\//.test(to) || to === '.' || to === '..') {
        const room = to.startsWith('/') ? undefined : roomOf(pathOf(join(dirname(context.filename), to)));
        if (own === undefined || room === undefined || (room !== own && !isNamed(may, room)))
          report('layer', to);
      } else if (!isPackage(packages, to)) {
        if (!isPackage(types, to)) report('package', to);
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

function pathOf(file) {
  return relative(SRC, file)
    .replaceAll('\\', '/')
    .replace(/\.[jt]s$/, '');
}

const isPackage = (names, to) =>
  names.some((name) => to === name || to.startsWith(name.endsWith(':') ? name : `${name}/`));
