/**
 * Bounds the steps of one try to match, at one position of a value: for each kind of node of a regular expression.
 *
 * A step is one visit of one node of the tree at one position of the value (non-capturing groups take none). Each time
 * that a node is entered it can be left in some number of `ways`, and the nodes after it are run once for each of them:
 * the bound of a sequence is the sum over its nodes of the node's own steps, times the ways of all nodes before it. One
 * rule keeps the bound near to the truth: if the next symbol of the value decides whether a loop goes on, or which of
 * some alternatives is taken, only one way gets past that symbol. The other ways cost the steps until they fail
 * (`Next`).
 */
import type { AST } from '@eslint-community/regexpp';
import {
  ANYTHING,
  type Bound,
  type Bounded,
  ENDLESS,
  FAR,
  type Next,
  NOTHING,
  type Opening,
  type Part,
  powers,
  sum,
  followedBy,
  times,
} from './bounds.js';
import { areApart, EDGE, EVERY, type Symbols, symbolsOf, UNITS } from './symbols.js';

/**
 * The number of steps that are counted for each UTF-16 unit that a back reference compares. V8 takes that much longer
 * for such a comparison if case is ignored.
 */
const STEPS_OF_REFERENCE = 16;

export function isGroup(element: AST.Element | undefined): element is AST.Group | AST.CapturingGroup {
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

export function sequence(elements: readonly AST.Element[], backward: boolean): Part {
  const parts = elements.map((element) => partOf(element, backward));
  if (backward) parts.reverse();
  let opening = NOTHING;
  for (const part of parts) {
    if (opening.empty === 0) break;
    opening = { ...followedBy(opening, part.opening), empty: times(opening.empty, part.opening.empty) };
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
        next = followedBy(part.opening, next);
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

export function choice(alternatives: readonly AST.Alternative[], backward: boolean): Part {
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
      const firsts = parts.map((part) => followedBy(part.opening, after));
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
