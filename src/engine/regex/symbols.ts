/**
 * The symbols that the parts of a regular expression take, if case is ignored. `stepBound` counts with symbols instead
 * of characters.
 */
import type { AST } from '@eslint-community/regexpp';

/**
 * A set of symbols, with one bit for each symbol: each ASCII character, all other characters together, and the edge of
 * the value.
 */
export type Symbols = bigint;
const ASCII = (1n << 128n) - 1n;
const OTHER = 1n << 128n;
export const EDGE = 1n << 129n;
export const EVERY = ASCII | OTHER | EDGE;
const CHARACTERS = ASCII | OTHER;

const UPPER = range(0x41, 0x5a);
const LOWER = range(0x61, 0x7a);
const DIGIT = range(0x30, 0x39);
const ANY = CHARACTERS & ~(range(0x0a, 0x0a) | range(0x0d, 0x0d));
/** The symbols of the escapes `\d`, `\s` and `\w`. An escape that takes any character beyond ASCII has `OTHER`. */
const ESCAPES = {
  digit: DIGIT,
  space: range(0x09, 0x0d) | range(0x20, 0x20) | OTHER,
  word: UPPER | LOWER | DIGIT | range(0x5f, 0x5f),
};

/** The symbols of a single UTF-16 unit, by the unit; the last entry is for all units that follow. */
export const UNITS = Array.from({ length: 129 }, (_, unit) => inEitherCase(range(unit, unit)));

export function areApart(one: Symbols, other: Symbols): boolean {
  return (one & other) === 0n;
}

type Atom = Exclude<
  AST.QuantifiableElement,
  AST.Group | AST.CapturingGroup | AST.Assertion | AST.Backreference
>;

export function symbolsOf(element: Atom | AST.CharacterClassElement): Symbols {
  switch (element.type) {
    case 'Character':
      return UNITS[Math.min(element.value, UNITS.length - 1)]!;
    case 'CharacterClassRange':
      return inEitherCase(range(element.min.value, element.max.value));
    case 'CharacterSet':
      if (element.kind === 'any') return ANY;
      // A property such as `\p{L}` needs the flag `u`, which no expression has here.
      if (element.kind === 'property') return CHARACTERS;
      return element.negate ? othersThan(ESCAPES[element.kind]) : ESCAPES[element.kind];
    case 'CharacterClass': {
      const symbols = element.elements.reduce((all, member) => all | symbolsOf(member), 0n);
      return element.negate ? othersThan(symbols) : symbols;
    }
    default:
      return CHARACTERS;
  }
}

/**
 * Returns all characters except the given ones. `OTHER` is always in, since some characters beyond ASCII may be left.
 */
function othersThan(symbols: Symbols): Symbols {
  return (ASCII & ~symbols) | OTHER;
}

/**
 * Adds the other case of each ASCII letter. Without the flag `u`, no character beyond ASCII is the other case of one.
 */
function inEitherCase(symbols: Symbols): Symbols {
  return symbols | ((symbols & UPPER) << 32n) | ((symbols & LOWER) >> 32n);
}

/** The symbols of a range of UTF-16 units. */
function range(from: number, to: number): Symbols {
  const below = (unit: number): bigint => (1n << BigInt(Math.min(unit, 128))) - 1n;
  return (below(to + 1) & ~below(from)) | (to >= 128 ? OTHER : 0n);
}
