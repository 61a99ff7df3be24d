/** Writes small MaxMind DB files (version 2.0 of the public format), so that no data must be kept here. */
import { addressBytes } from '../../src/integrations/geoip-lite/address.js';

export type MmdbValue =
  string | number | boolean | readonly MmdbValue[] | { readonly [name: string]: MmdbValue };

export interface MmdbOptions {
  ipVersion?: 4 | 6;
  recordSize?: 24 | 28 | 32;
  formatVersion?: number;
}

/** A node of the tree: two of these, one per bit. A number is a place in the data. */
type Branch = [Leaf, Leaf];
type Leaf = Branch | number | undefined;

/** `networks` by prefix (`81.2.69.0/24`, `2001:db8::/32`); those that come later lie within those before. */
export function mmdb(
  networks: Readonly<Record<string, MmdbValue>>,
  { ipVersion = 6, recordSize = 28, formatVersion = 2 }: MmdbOptions = {},
): Buffer {
  const root: Branch = [undefined, undefined];
  const data: Buffer[] = [];
  let length = 0;
  for (const [network, value] of Object.entries(networks)) {
    const [address = '', prefix = ''] = network.split('/');
    const bytes = addressBytes(address)!;
    // IPv4 addresses lie in the first 32 bits of the last 96 zeros.
    const lead = ipVersion === 6 && bytes.length === 4 ? 96 : 0;
    const bits = [
      ...'0'.repeat(lead),
      ...[...bytes].flatMap((byte) => [...byte.toString(2).padStart(8, '0')]),
    ];
    insert(root, bits.slice(0, lead + Number(prefix)).map(Number), length);
    const encoded = encode(value);
    data.push(encoded);
    length += encoded.length;
  }
  const nodes = numbered(root);
  const tree = nodes.map((node) => {
    const [left, right] = node.map((leaf) => recordOf(leaf, nodes));
    return writeNode(left!, right!, recordSize);
  });
  const metadata = encode({
    binary_format_major_version: formatVersion,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: 'Test-City',
    description: { en: 'made for tests' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: recordSize,
  });
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([...tree, Buffer.alloc(16), ...data, marker, metadata]);
}

function insert(root: Branch, bits: readonly number[], at: number): void {
  let node = root;
  bits.forEach((bit, depth) => {
    const leaf = node[bit]!;
    if (depth === bits.length - 1) node[bit] = at;
    else node = node[bit] = typeof leaf === 'object' ? leaf : [leaf, leaf];
  });
}

function numbered(root: Branch): Branch[] {
  const nodes = [root];
  for (const node of nodes) for (const leaf of node) if (typeof leaf === 'object') nodes.push(leaf);
  return nodes;
}

function recordOf(leaf: Leaf, nodes: readonly Branch[]): number {
  if (leaf === undefined) return nodes.length;
  return typeof leaf === 'object' ? nodes.indexOf(leaf) : nodes.length + 16 + leaf;
}

function writeNode(left: number, right: number, recordSize: number): Buffer {
  const node = Buffer.alloc(recordSize / 4);
  if (recordSize === 32) {
    node.writeUInt32BE(left, 0);
    node.writeUInt32BE(right, 4);
  } else {
    node.writeUIntBE(left & 0xffffff, 0, 3);
    node.writeUIntBE(right & 0xffffff, recordSize / 4 - 3, 3);
    if (recordSize === 28) node[3] = ((left >>> 24) << 4) | (right >>> 24);
  }
  return node;
}

const TYPES = { string: 2, double: 3, uint32: 6, map: 7, array: 11, boolean: 14 } as const;

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([control(TYPES.string, text.length), text]);
  }
  if (typeof value === 'boolean') return control(TYPES.boolean, value ? 1 : 0);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(Number.isInteger(value) ? 4 : 8);
    if (bytes.length === 4) bytes.writeUInt32BE(value);
    else bytes.writeDoubleBE(value);
    return Buffer.concat([control(bytes.length === 4 ? TYPES.uint32 : TYPES.double, bytes.length), bytes]);
  }
  if (isList(value)) return Buffer.concat([control(TYPES.array, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([control(TYPES.map, entries.length), ...entries.flat().map(encode)]);
}

const isList = (value: MmdbValue): value is readonly MmdbValue[] => Array.isArray(value);

/** The byte before a value: its type, and its size where that is below 29; above, one byte more. */
function control(type: number, size: number): Buffer {
  const small = Math.min(size, 29);
  const extended = type > 7;
  const bytes = [((extended ? 0 : type) << 5) | small];
  if (extended) bytes.push(type - 7);
  if (size >= 29) bytes.push(size - 29);
  return Buffer.from(bytes);
}
