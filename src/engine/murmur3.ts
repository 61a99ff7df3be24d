/**
 * MurmurHash3 x86 32-bit over UTF-8, as the official SDK hashes: `experienceId + visitorId`. The work on the
 * experience's id is done once for all visitors, and that on the visitor's id once for all experiences.
 *
 * Source of the algorithm: https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp (public domain).
 */

/** The seed with which the official SDK hashes. */
export const HASH_SEED = 9999;

/** The hash of a whole text: an unsigned 32-bit number. */
export function murmur3(text: string, seed: number = HASH_SEED): number {
  return hashOnce(new HashPrefix('', seed), text);
}

/** The beginning of a hashed text: the state after its whole blocks, and the bytes left over. */
export class HashPrefix {
  readonly state: number;
  /** The bytes that don't fill a block, as the low bytes of the next block. */
  readonly rest: number;
  /** The length of the prefix in bytes of UTF-8. */
  readonly length: number;

  constructor(text: string, seed: number = HASH_SEED) {
    const bytes = utf8(text);
    const whole = bytes.length & ~3;
    let state = seed | 0;
    for (let i = 0; i < whole; i += 4) state = mixed(state, scrambled(block(bytes, i)));
    this.state = state;
    this.rest = partial(bytes, whole);
    this.length = bytes.length;
  }
}

/**
 * Returns the hash of the prefix followed by this text. It allocates nothing if the text is ASCII. `HashSuffix` is
 * faster if the same text follows many prefixes.
 */
export function hashOnce(prefix: HashPrefix, text: string): number {
  let { state, rest } = prefix;
  const offset = (prefix.length & 3) << 3;
  const { length } = text;
  const whole = length & ~3;
  // A block consists of the bytes left over from the block before and the first bytes of a word. The last bytes of the
  // word are left over for the next block.
  for (let i = 0; i < whole; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    if ((a | b | c | d) > 127) return new HashSuffix(text).hash(prefix);
    const word = a | (b << 8) | (c << 16) | (d << 24);
    state = mixed(state, scrambled(rest | (word << offset)));
    // JavaScript takes shift counts modulo 32: a shift by 32 would not shift at all.
    rest = offset === 0 ? 0 : word >>> (32 - offset);
  }
  let shift = offset;
  for (let i = whole; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return new HashSuffix(text).hash(prefix);
    rest |= code << shift;
    shift += 8;
    if (shift === 32) {
      state = mixed(state, scrambled(rest));
      rest = 0;
      shift = 0;
    }
  }
  return finished(state, rest, prefix.length + length);
}

/**
 * The end of a hashed text. Its blocks depend on the offset at which it begins, and are made once per offset (0 to 3).
 */
export class HashSuffix {
  private readonly bytes: Bytes;
  private readonly offsets: (Blocks | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(text: string) {
    this.bytes = utf8(text);
  }

  hash(prefix: HashPrefix): number {
    const offset = prefix.length & 3;
    const { first, scrambles, rest } = (this.offsets[offset] ??= blocksOf(this.bytes, offset));
    let { state } = prefix;
    let last = rest;
    if (first !== undefined) state = mixed(state, scrambled(prefix.rest | first));
    else last |= prefix.rest;
    for (let i = 0; i < scrambles.length; i++) state = mixed(state, scrambles[i]!);
    return finished(state, last, prefix.length + this.bytes.length);
  }
}

interface Bytes {
  readonly length: number;
  readonly [index: number]: number;
}

interface Blocks {
  /**
   * The bytes that complete the block which the prefix began; undefined if the prefix ends with a whole block, or if
   * the text is too short.
   */
  readonly first: number | undefined;
  /** The whole blocks after `first`, scrambled. */
  readonly scrambles: readonly number[];
  /** The bytes after the last whole block. */
  readonly rest: number;
}

/** Cuts the bytes of a text into blocks. The first `offset` (0 to 3) bytes of the first block belong to the prefix. */
function blocksOf(bytes: Bytes, offset: number): Blocks {
  const missing = (4 - offset) & 3;
  if (bytes.length < missing) {
    return { first: undefined, scrambles: [], rest: partial(bytes, 0) << (8 * offset) };
  }
  let first: number | undefined;
  if (missing > 0) {
    first = 0;
    for (let i = 0; i < missing; i++) first |= bytes[i]! << (8 * (offset + i));
  }
  const whole = missing + ((bytes.length - missing) & ~3);
  const scrambles: number[] = [];
  for (let i = missing; i < whole; i += 4) scrambles.push(scrambled(block(bytes, i)));
  return { first, scrambles, rest: partial(bytes, whole) };
}

function block(bytes: Bytes, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Returns the bytes from `at` to the end, three at most, as one number. */
function partial(bytes: Bytes, at: number): number {
  let value = 0;
  for (let i = at; i < bytes.length; i++) value |= bytes[i]! << (8 * (i - at));
  return value;
}

function scrambled(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}

function mixed(state: number, scramble: number): number {
  const next = state ^ scramble;
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

/** @param rest the bytes after the last whole block; 0 if there are none, which does not change the hash */
function finished(state: number, rest: number, length: number): number {
  let hash = state ^ scrambled(rest) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const encoder = new TextEncoder();

function utf8(text: string): Bytes {
  const codes = new Array<number>(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return encoder.encode(text);
    codes[i] = code;
  }
  return codes;
}
