/** Suites of which the fast tier runs the small cases, and the slow tier the others, so that no case is run twice. */
import { it, type TestAPI } from 'vitest';

export type CaseSize = 'small' | 'large';

/** Declares nothing. */
const nowhere = Object.assign(() => undefined, {
  each: () => () => undefined,
}) as unknown as Pick<TestAPI, 'each'> & ((...test: Parameters<TestAPI>) => void);

/** An `it` for the small cases of a suite, and one for the large ones: the one that is not asked for does nothing. */
export function testsOf(size: CaseSize) {
  return { small: size === 'small' ? it : nowhere, large: size === 'large' ? it : nowhere };
}
