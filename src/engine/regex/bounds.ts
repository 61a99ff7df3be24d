/** What the bound of a node depends on, and the arithmetic of bounds. */
import { EVERY, type Symbols } from './symbols.js';

export interface Reach {
  /** The length of the longest text after the position at which a node is entered, in UTF-16 code units. */
  readonly ahead: number;
  /** The length of the whole value, which a lookbehind may read in full. */
  readonly whole: number;
}

export interface Bound {
  /**
   * The number of ways in which a node can be left each time that it is entered, without the ways that fail at the next
   * symbol.
   */
  readonly ways: number;
  readonly steps: number;
}

export type Bounded = (reach: Reach) => Bound;

/**
 * The rest of the regular expression behind a node: if the next symbol is none of `symbols`, the rest fails within
 * `steps`.
 */
export interface Next {
  readonly symbols: Symbols;
  readonly steps: number;
}

/** The start of a node; `empty` is the number of ways in which the node can be passed without taking a symbol. */
export interface Opening extends Next {
  readonly empty: number;
}

/** The facts about a node that the bound depends on. */
export interface Part {
  readonly opening: Opening;
  /** The lengths of the shortest and of the longest text that the node takes, in UTF-16 code units. */
  readonly min: number;
  readonly max: number;
  /** Returns how many of these symbols one path through the node can pass. Symbols in its lookaheads count, too. */
  taken(symbols: Symbols): number;
  bound(after: Next): Bounded;
}

/** The opening of a node of whose first symbol nothing is known. */
export const ANYTHING: Opening = { symbols: EVERY, steps: Infinity, empty: 0 };
export const NOTHING: Opening = { symbols: 0n, steps: 0, empty: 1 };

/** An upper bound above this number of steps counts as infinite. */
export const FAR = 1e12;
export const ENDLESS: Bound = { ways: Infinity, steps: Infinity };

/** The sum of base ** i, for i from `from` to `to`. */
export function powers(base: number, from: number, to: number): number {
  if (base === 1) return Math.max(0, to - from + 1);
  const top = base ** (to + 1);
  return top === Infinity ? Infinity : Math.max(0, (top - base ** from) / (base - 1));
}

export function followedBy(opening: Opening, next: Next): Next {
  const { symbols, steps, empty } = opening;
  if (empty === 0) return opening;
  return { symbols: symbols | next.symbols, steps: steps + times(next.steps, empty) };
}

/** Multiplies. 0 times `Infinity` is 0 here; in JavaScript it is NaN. */
export function times(each: number, count: number): number {
  return each === 0 || count === 0 ? 0 : each * count;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
