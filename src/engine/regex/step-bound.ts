/**
 * Computes how long a backtracking matcher, such as V8's, can take: an upper bound on its steps, proven from the syntax
 * tree of a regular expression alone, for any value up to a given length.
 *
 * A step is one visit of one node of the tree at one position of the value (non-capturing groups take none). Each time
 * that a node is entered it can be left in some number of `ways`, and the nodes after it are run once for each of them:
 * the bound of a sequence is the sum over its nodes of the node's own steps, times the ways of all nodes before it. Two
 * rules keep the bound near to the truth:
 *
 * - If the next symbol of the value decides whether a loop goes on, or which of some alternatives is taken, only one
 *   way gets past that symbol. The other ways cost the steps until they fail (`Next`).
 * - A search tries every position of the value. If a match begins with a symbol that the loops in it don't take, the
 *   positions share the value; otherwise each of them might run to its end (`search`).
 *
 * The file has over 300 lines since it is one proof: the bound of each kind of node rests on those of the others.
 */
import type { AST } from '@eslint-community/regexpp';
import { areApart, EDGE, EVERY, type Symbols, symbolsOf, UNITS } from './symbols.js';

interface Reach {
  /** The length of the longest text after the position at which a node is entered, in UTF-16 code units. */
  readonly ahead: number;
  /** The length of the whole value, which a lookbehind may read in full. */
  readonly whole: number;
}

interface Bound {
  /**
   * The number of ways in which a node can be left each time that it is entered, without the ways that fail at the next
   * symbol.
   */
  readonly ways: number;
  readonly steps: number;
}

type Bounded = (reach: Reach) => Bound;

/**
 * The rest of the regular expression behind a node: if the next symbol is none of `symbols`, the rest fails within
 * `steps`.
 */
interface Next {
  readonly symbols: Symbols;
  readonly steps: number;
}

/** The start of a node; `empty` is the number of ways in which the node can be passed without taking a symbol. */
interface Opening extends Next {
  readonly empty: number;
}

/** The facts about a node that the bound depends on. */
interface Part {
  readonly opening: Opening;
  /** The lengths of the shortest and of the longest text that the node takes, in UTF-16 code units. */
  readonly min: number;
  readonly max: number;
  /** Returns how many of these symbols one path through the node can pass. Symbols in its lookaheads count, too. */
  taken(symbols: Symbols): number;
  bound(after: Next): Bounded;
}

/** The opening of a node of whose first symbol nothing is known. */
const ANYTHING: Opening = { symbols: EVERY, steps: Infinity, empty: 0 };
const NOTHING: Opening = { symbols: 0n, steps: 0, empty: 1 };

/** An upper bound above this number of steps counts as infinite. */
const FAR = 1e12;
const ENDLESS: Bound = { ways: Infinity, steps: Infinity };

/**
 * The number of steps that are counted for each UTF-16 unit that a back reference compares. V8 takes that much longer
 * for such a comparison if case is ignored.
 */
const STEPS_OF_REFERENCE = 16;

/**
 * Returns a function that gives an upper bound on the steps of a search for the regular expression in a value of up to
 * `length` UTF-16 code units; `Infinity` if there is no useful bound. The expression ignores case and has no other
 * flag.
 */
export function stepBound(regex: AST.Pattern): (length: number) => number {
  const anchored = regex.alternatives.filter(isAnchored);
  const floating = regex.alternatives.filter((alternative) => !isAnchored(alternative));
  const searches = anchored.map(anchoredSearch);
  if (floating.length > 0) searches.push(search(choice(floating, false)));
  return (length) => sum(searches.map((steps) => steps(length)));
}

/**
 * Bounds the steps for an alternative that begins with `^`: it is run at the start of the value, and fails at once at
 * all other positions.
 */
function anchoredSearch(alternative: AST.Alternative): (length: number) => number {
  const run = sequence(alternative.elements, false).bound(ANYTHING);
  const elsewhere = anchorSteps(alternative);
  return (length) => run({ ahead: length, whole: length }).steps + length * elsewhere;
}

function search(part: Part): (length: number) => number {
  const run = part.bound(ANYTHING);
  const first = then(part.opening, ANYTHING);
  const passed = part.taken(first.symbols);
  return (length) => {
    const places = length + 1;
    const stepsOver = (ahead: number): number => run({ ahead, whole: length }).steps;
    const apart = places * stepsOver(length);
    const fixed = stepsOver(0);
    // The steps of all positions are simply added if a run may pass any number of first symbols, or if a run is hardly
    // longer than on an empty text.
    if (passed === Infinity || apart <= 4 * places * fixed) return apart;
    // A run is one try to match, at one position of the value. It passes at most `passed` of the symbols that a match
    // may begin with, and sees nothing after the next such symbol. So no symbol of the value is seen from more than
    // `passed + 1` positions, and all runs together see at most that many times the value. Each symbol costs at most
    // `slope` steps: the greatest quotient of steps and length between two powers of two is at most twice the quotient
    // for the greater power.
    let slope = 0;
    for (let seen = 1; seen < 2 * length; seen *= 2) {
      slope = Math.max(slope, (2 * (stepsOver(Math.min(seen, length)) - fixed)) / seen);
    }
    return Math.min(apart, places * (first.steps + fixed) + (passed + 1) * length * slope);
  };
}

function isAnchored({ elements }: AST.Alternative): boolean {
  const [first] = elements;
  if (first?.type === 'Assertion') return first.kind === 'start';
  return isGroup(first) && first.alternatives.every(isAnchored);
}

/** The steps that an anchored alternative takes to find that the position is not the start. */
function anchorSteps({ elements }: AST.Alternative): number {
  const [first] = elements;
  return isGroup(first) ? 2 + sum(first.alternatives.map(anchorSteps)) : 2;
}

function isGroup(element: AST.Element | undefined): element is AST.Group | AST.CapturingGroup {
  return element?.type === 'Group' || element?.type === 'CapturingGroup';
}

/** @param backward true in a lookbehind, which is matched from its end to its start */
function partOf(element: AST.Element, backward: boolean): Part {
  switch (element.type) {
    case 'Group':
      return choice(element.alternatives, backward);
    case 'CapturingGroup':
      return capture(element, backward);
    case 'Quantifier':
      return loop(element, backward);
    case 'Backreference':
      return reference(element, backward);
    case 'Assertion':
      if ('alternatives' in element) return lookaround(element);
      return oneStep(
        element.kind === (backward ? 'start' : 'end')
          ? { symbols: EDGE, steps: 1, empty: 0 }
          : { ...NOTHING, steps: 1 },
        0,
      );
    case 'Character':
      return UNIT_PARTS[Math.min(element.value, UNIT_PARTS.length - 1)]!;
    default:
      return character(symbolsOf(element));
  }
}

const ONE_STEP: Bound = { ways: 1, steps: 1 };
const UNIT_PARTS = UNITS.map(character);

function oneStep(opening: Opening, length: number): Part {
  return {
    opening,
    min: length,
    max: length,
    taken: (symbols) => (areApart(opening.symbols, symbols) ? 0 : length),
    bound: () => () => ONE_STEP,
  };
}

function character(symbols: Symbols): Part {
  return oneStep({ symbols, steps: 1, empty: 0 }, 1);
}

function sequence(elements: readonly AST.Element[], backward: boolean): Part {
  const parts = elements.map((element) => partOf(element, backward));
  if (backward) parts.reverse();
  let opening = NOTHING;
  for (const part of parts) {
    if (opening.empty === 0) break;
    opening = { ...then(opening, part.opening), empty: times(opening.empty, part.opening.empty) };
  }
  return {
    opening,
    min: sum(parts.map(({ min }) => min)),
    max: sum(parts.map(({ max }) => max)),
    taken: (symbols) => sum(parts.map((part) => part.taken(symbols))),
    bound: (after) => {
      const bounds: Bounded[] = [];
      let next = after;
      for (const part of parts.toReversed()) {
        bounds.push(part.bound(next));
        next = then(part.opening, next);
      }
      bounds.reverse();
      return (reach) => {
        const total = { ways: 1, steps: 0 };
        for (const bounded of bounds) {
          const { ways, steps } = bounded(reach);
          total.steps += times(steps, total.ways);
          total.ways *= ways;
          if (total.steps > FAR) return ENDLESS;
        }
        return total;
      };
    },
  };
}

function choice(alternatives: readonly AST.Alternative[], backward: boolean): Part {
  const parts = alternatives.map(({ elements }) => sequence(elements, backward));
  if (parts.length === 1) return parts[0]!;
  return {
    opening: {
      symbols: parts.reduce((symbols, { opening }) => symbols | opening.symbols, 0n),
      steps: 1 + sum(parts.map(({ opening }) => opening.steps)),
      empty: sum(parts.map(({ opening }) => opening.empty)),
    },
    min: Math.min(...parts.map(({ min }) => min)),
    max: Math.max(...parts.map(({ max }) => max)),
    taken: (symbols) => Math.max(...parts.map((part) => part.taken(symbols))),
    bound: (after) => {
      const bounds = parts.map((part) => part.bound(after));
      const firsts = parts.map((part) => then(part.opening, after));
      const groups = groupsBySymbol(firsts);
      // The steps until the alternatives that the next symbol rules out have failed.
      const failing = sum(firsts.map(({ symbols, steps }) => (symbols === EVERY ? 0 : steps)));
      return (reach) => {
        const each = bounds.map((bounded) => bounded(reach));
        let ways = 1;
        let steps = 0;
        for (const group of groups) {
          ways = Math.max(ways, sum(group.map((i) => each[i]!.ways)));
          steps = Math.max(steps, sum(group.map((i) => each[i]!.steps)));
        }
        return { ways, steps: 1 + failing + steps };
      };
    },
  };
}

/** A capturing group takes one step more than the same group without a capture. */
function capture({ alternatives }: AST.CapturingGroup, backward: boolean): Part {
  const part = choice(alternatives, backward);
  return {
    ...part,
    opening: { ...part.opening, steps: part.opening.steps + 1 },
    bound: (after) => {
      const bounded = part.bound(after);
      return (reach) => {
        const { ways, steps } = bounded(reach);
        return { ways, steps: steps + 1 };
      };
    },
  };
}

/**
 * Groups all symbols by the entries of `firsts` that they let through. Returns the indexes of these entries for each
 * group.
 */
function groupsBySymbol(firsts: readonly Next[]): number[][] {
  let groups = [{ of: EVERY, through: [] as number[] }];
  firsts.forEach(({ symbols }, i) => {
    groups = groups.flatMap(({ of, through }) => {
      if (areApart(of, symbols)) return [{ of, through }];
      const passing = { of: of & symbols, through: [...through, i] };
      return passing.of === of ? [passing] : [passing, { of: of & ~symbols, through }];
    });
  });
  return groups.map(({ through }) => through);
}

/** A lookaround is left in one way at most: its first match. */
function lookaround({ alternatives, kind }: AST.LookaroundAssertion): Part {
  const backward = kind === 'lookbehind';
  const inside = choice(alternatives, backward);
  return {
    opening: ANYTHING,
    min: 0,
    max: 0,
    // A lookbehind does not see the text ahead of the position.
    taken: (symbols) => (backward ? 0 : inside.taken(symbols)),
    bound: () => {
      const bounded = inside.bound(ANYTHING);
      return ({ ahead, whole }) => ({
        ways: 1,
        steps: 1 + bounded({ ahead: backward ? whole : ahead, whole }).steps,
      });
    },
  };
}

/** A back reference compares the text that its group has taken, if any, unit by unit. */
function reference({ resolved }: AST.Backreference, backward: boolean): Part {
  const longest = Math.max(...[resolved].flat().map((group) => maxLength(group)));
  return {
    opening: ANYTHING,
    min: 0,
    max: Infinity,
    taken: () => Infinity,
    bound:
      () =>
      ({ ahead, whole }) => ({
        ways: 1,
        steps: 1 + STEPS_OF_REFERENCE * Math.min(longest, backward ? whole : ahead),
      }),
  };
}

/**
 * Returns the length of the longest text that an element takes. It makes no `Part`, since making one would never end if
 * a group refers to itself.
 */
function maxLength(element: AST.Element): number {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return Math.max(...element.alternatives.map(({ elements }) => sum(elements.map(maxLength))));
    case 'Quantifier':
      return times(maxLength(element.element), element.max);
    case 'Assertion':
      return 0;
    case 'Backreference':
      return Infinity;
    default:
      return 1;
  }
}

function loop({ element, min, max }: AST.Quantifier, backward: boolean): Part {
  const inside = partOf(element, backward);
  // If the element can match the empty text, nothing is known of the symbol that begins a round of the loop.
  const first = inside.min > 0 ? inside.opening : ANYTHING;
  return {
    opening: { symbols: first.symbols, steps: first.steps + 1, empty: min > 0 || first === ANYTHING ? 0 : 1 },
    min: times(inside.min, min),
    max: times(inside.max, max),
    taken: (symbols) => times(inside.taken(symbols), max),
    bound: (after) => {
      const again = { symbols: first.symbols | after.symbols, steps: first.steps + after.steps + 1 };
      const bounded = inside.bound(again);
      const isDecided = areApart(first.symbols, after.symbols);
      return (reach) => {
        const text = backward ? reach.whole : reach.ahead;
        // After `min` rounds of a loop, a round that takes no text ends the loop.
        const most = Math.min(max, inside.min > 0 ? Math.floor(text / inside.min) : min + text);
        const once = bounded(reach);
        const steps = 1 + (once.steps + 1) * powers(once.ways, 0, most);
        const ways = Math.max(1, powers(once.ways, min, most));
        return isDecided && once.ways === 1
          ? { ways: 1, steps: steps + ways * after.steps }
          : { ways, steps };
      };
    },
  };
}

/** The sum of base ** i, for i from `from` to `to`. */
function powers(base: number, from: number, to: number): number {
  if (base === 1) return Math.max(0, to - from + 1);
  const top = base ** (to + 1);
  return top === Infinity ? Infinity : Math.max(0, (top - base ** from) / (base - 1));
}

function then(opening: Opening, next: Next): Next {
  const { symbols, steps, empty } = opening;
  if (empty === 0) return opening;
  return { symbols: symbols | next.symbols, steps: steps + times(next.steps, empty) };
}

/** Multiplies. 0 times `Infinity` is 0 here; in JavaScript it is NaN. */
function times(each: number, count: number): number {
  return each === 0 || count === 0 ? 0 : each * count;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
