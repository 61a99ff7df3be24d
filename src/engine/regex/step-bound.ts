/**
 * Computes how long a backtracking matcher, such as V8's, can take: an upper bound on its steps, proven from the syntax
 * tree of a regular expression alone, for any value up to a given length.
 *
 * A search tries every position of the value. If a match begins with a symbol that the loops in it don't take, the
 * positions share the value; otherwise each of them might run to its end. What a try at one position takes is in
 * `node-bound.ts`.
 */
import type { AST } from '@eslint-community/regexpp';
import { ANYTHING, type Part, sum, followedBy } from './bounds.js';
import { choice, isGroup, sequence } from './node-bound.js';

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
  const first = followedBy(part.opening, ANYTHING);
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
