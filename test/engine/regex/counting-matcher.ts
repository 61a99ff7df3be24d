/** A matcher of regular expressions that counts its steps: what the bound on the steps of a pattern is held against. */
import type { AST } from '@eslint-community/regexpp';
import { parse } from './regexes.js';

type Groups = readonly (readonly [number, number] | undefined)[];
type Continue = (at: number, groups: Groups) => boolean;

/** Backtracks as the specification of ECMAScript has it, and counts the nodes that it visits. */
export class CountingMatcher {
  steps = 0;
  readonly #pattern: AST.Pattern;
  readonly #groups: AST.CapturingGroup[] = [];
  readonly #sets = new Map<AST.Element, RegExp>();

  constructor(
    source: string,
    readonly value: string,
    readonly maxSteps: number,
  ) {
    this.#pattern = parse(source);
    this.#collect(this.#pattern);
  }

  /** `undefined` after `maxSteps`. */
  test(): boolean | undefined {
    try {
      for (let at = 0; at <= this.value.length; at++) {
        if (this.#choice(this.#pattern.alternatives, false, at, [], () => true)) return true;
      }
      return false;
    } catch (error) {
      if (error instanceof TooManySteps) return undefined;
      throw error;
    }
  }

  #collect({ alternatives }: { alternatives: AST.Alternative[] }): void {
    for (const element of alternatives.flatMap(({ elements }) => elements)) {
      const inner = element.type === 'Quantifier' ? element.element : element;
      if (inner.type === 'CapturingGroup') this.#groups.push(inner);
      if ('alternatives' in inner) this.#collect(inner);
    }
  }

  #step(): void {
    if (++this.steps > this.maxSteps) throw new TooManySteps();
  }

  #choice(
    alternatives: AST.Alternative[],
    backward: boolean,
    at: number,
    groups: Groups,
    go: Continue,
  ): boolean {
    return alternatives.some(({ elements }) => {
      const ordered = backward ? elements.toReversed() : elements;
      const from = (index: number): Continue =>
        index === ordered.length
          ? go
          : (to, then) => this.#element(ordered[index]!, backward, to, then, from(index + 1));
      return from(0)(at, groups);
    });
  }

  #element(element: AST.Element, backward: boolean, at: number, groups: Groups, go: Continue): boolean {
    if (element.type !== 'Group' || element.alternatives.length > 1) this.#step();
    switch (element.type) {
      case 'Group':
        return this.#choice(element.alternatives, backward, at, groups, go);
      case 'CapturingGroup': {
        const index = this.#groups.indexOf(element);
        return this.#choice(element.alternatives, backward, at, groups, (to, inner) =>
          go(to, replaced(inner, [index], backward ? [to, at] : [at, to])),
        );
      }
      case 'Quantifier':
        return this.#loop(element, element.min, element.max, backward, at, groups, go);
      case 'Backreference':
        return this.#reference(element, backward, at, groups, go);
      case 'Assertion':
        return this.#assertion(element, at, groups, go);
      default: {
        const unit = this.value[backward ? at - 1 : at];
        return unit !== undefined && this.#takes(element, unit) && go(backward ? at - 1 : at + 1, groups);
      }
    }
  }

  #loop(
    quantifier: AST.Quantifier,
    min: number,
    max: number,
    backward: boolean,
    at: number,
    groups: Groups,
    go: Continue,
  ): boolean {
    if (max === 0) return go(at, groups);
    const { element, greedy } = quantifier;
    const inside = [...this.#groups.keys()].filter((index) => {
      const { start, end } = this.#groups[index]!;
      return start >= element.start && end <= element.end;
    });
    const goOn = (): boolean => {
      this.#step();
      return this.#element(element, backward, at, replaced(groups, inside, undefined), (to, inner) => {
        if (min === 0 && to === at) return false;
        return this.#loop(quantifier, Math.max(0, min - 1), max - 1, backward, to, inner, go);
      });
    };
    if (min > 0) return goOn();
    return greedy ? goOn() || go(at, groups) : go(at, groups) || goOn();
  }

  #reference(
    { resolved }: AST.Backreference,
    backward: boolean,
    at: number,
    groups: Groups,
    go: Continue,
  ): boolean {
    const group = groups[this.#groups.indexOf([resolved].flat()[0]!)];
    if (group === undefined) return go(at, groups);
    const taken = this.value.slice(...group);
    const from = backward ? at - taken.length : at;
    for (let i = 0; i < taken.length; i++) {
      this.#step();
      if (this.value[from + i]?.toUpperCase() !== taken[i]!.toUpperCase()) return false;
    }
    return go(backward ? from : at + taken.length, groups);
  }

  #assertion(element: AST.Assertion, at: number, groups: Groups, go: Continue): boolean {
    if (element.kind === 'word') {
      const [before, after] = [at - 1, at].map((i) => /\w/.test(this.value.charAt(i)));
      return (before !== after) !== element.negate && go(at, groups);
    }
    if (!('alternatives' in element)) {
      return at === (element.kind === 'start' ? 0 : this.value.length) && go(at, groups);
    }
    let seen = groups;
    const holds = this.#choice(
      element.alternatives,
      element.kind === 'lookbehind',
      at,
      groups,
      (_, inner) => {
        seen = inner;
        return true;
      },
    );
    return holds !== element.negate && go(at, element.negate ? groups : seen);
  }

  #takes(element: AST.Element, unit: string): boolean {
    let set = this.#sets.get(element);
    if (!set) this.#sets.set(element, (set = new RegExp(`^${element.raw}$`, 'i')));
    return set.test(unit);
  }
}

function replaced(groups: Groups, indexes: number[], by: Groups[number]): Groups {
  const copy = [...groups];
  for (const index of indexes) copy[index] = by;
  return copy;
}

class TooManySteps extends Error {}
