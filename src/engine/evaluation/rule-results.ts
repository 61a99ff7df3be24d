import type { RuleResult } from '../rules/types.js';

/** Two bits each, in words that fit a small integer everywhere: a project may have a thousand audiences. */
const PER_WORD_LOG2 = 3;
const PLACE_IN_WORD = (1 << PER_WORD_LOG2) - 1;
const MASK = 3;

const FALSE = 1;
const TRUE = 2;
/** Rules so odd that they come to something else: it stands aside. */
const ODD = 3;

export class RuleResults {
  private readonly words: (number | undefined)[];
  private special: Map<number, RuleResult> | undefined = undefined;

  constructor(size: number) {
    this.words = new Array<number | undefined>((size >> PER_WORD_LOG2) + 1);
  }

  /** undefined where there is none yet. */
  at(place: number): RuleResult {
    const word = this.words[place >> PER_WORD_LOG2];
    if (word === undefined) return undefined;
    const outcome = (word >> ((place & PLACE_IN_WORD) << 1)) & MASK;
    if (outcome === TRUE) return true;
    if (outcome === FALSE) return false;
    return outcome === ODD ? this.special?.get(place) : undefined;
  }

  set(place: number, outcome: RuleResult): void {
    const index = place >> PER_WORD_LOG2;
    const shift = (place & PLACE_IN_WORD) << 1;
    const others = (this.words[index] ?? 0) & ~(MASK << shift);
    this.words[index] = others | (this.codeOf(place, outcome) << shift);
  }

  private codeOf(place: number, outcome: RuleResult): number {
    if (outcome === true) return TRUE;
    if (outcome === false) return FALSE;
    (this.special ??= new Map()).set(place, outcome);
    return ODD;
  }
}
