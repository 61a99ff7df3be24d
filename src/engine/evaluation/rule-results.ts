/** The results of the rules of a project for one visitor, by the index of their location or audience. */
import type { RuleResult } from '../rules/types.js';

/**
 * Each word holds 2 ** 3 results of two bits, so that a word is a small integer on every platform. Results are packed
 * since a project may have a thousand audiences.
 */
const PER_WORD_LOG2 = 3;
const INDEX_IN_WORD = (1 << PER_WORD_LOG2) - 1;
const MASK = 3;

const FALSE = 1;
const TRUE = 2;
/**
 * The code of a result that is neither true nor false, such as the result of a broken rule. `special` keeps the result.
 */
const SPECIAL = 3;

export class RuleResults {
  private readonly words: (number | undefined)[];
  private special: Map<number, RuleResult> | undefined = undefined;

  constructor(size: number) {
    this.words = new Array<number | undefined>((size >> PER_WORD_LOG2) + 1);
  }

  /** The result at this index; undefined if there is none yet. */
  at(index: number): RuleResult {
    const word = this.words[index >> PER_WORD_LOG2];
    if (word === undefined) return undefined;
    const result = (word >> ((index & INDEX_IN_WORD) << 1)) & MASK;
    if (result === TRUE) return true;
    if (result === FALSE) return false;
    return result === SPECIAL ? this.special?.get(index) : undefined;
  }

  set(index: number, result: RuleResult): void {
    const word = index >> PER_WORD_LOG2;
    const shift = (index & INDEX_IN_WORD) << 1;
    const others = (this.words[word] ?? 0) & ~(MASK << shift);
    this.words[word] = others | (this.codeOf(index, result) << shift);
  }

  private codeOf(index: number, result: RuleResult): number {
    if (result === true) return TRUE;
    if (result === false) return FALSE;
    (this.special ??= new Map()).set(index, result);
    return SPECIAL;
  }
}
