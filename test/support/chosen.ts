/** Tests of which the fast tier runs some, and the slow one all. */
import { afterAll, expect, it, type TestContext } from 'vitest';

/**
 * An `it` that declares the tests with these names alone; all of them if no names are given. A name that no test has
 * fails the suite, as it would leave a test out.
 */
export function chosen(only?: readonly string[]) {
  const declared = new Set<string>();
  afterAll(() => expect(only?.filter((name) => !declared.has(name)) ?? []).toEqual([]));
  return (name: string, test: (context: TestContext) => Promise<void>): void => {
    declared.add(name);
    if (only === undefined || only.includes(name)) it(name, test);
  };
}
