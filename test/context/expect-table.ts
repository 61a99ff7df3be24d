/** Compares the outcomes of all combinations of some axes with a table in the folder `participation-table`. */
import { expect } from 'vitest';
import { type Axes, type Case, combinations, type Outcome, outcomeTable } from '../support/outcome-table.js';

/** Plays every combination that is possible, and compares the outcomes with the file of that name. */
export async function expectTable<A extends Axes>(
  name: string,
  axes: A,
  play: (each: Case<A>) => Promise<Outcome>,
  isPossible: (each: Case<A>) => boolean = () => true,
): Promise<void> {
  const seen: [Case<A>, Outcome][] = [];
  for (const each of combinations(axes).filter(isPossible)) seen.push([each, await play(each)]);
  await expect(outcomeTable(axes, seen)).toMatchFileSnapshot(`participation-table/${name}.txt`);
}
