/** The part of vitest that the suites use, where vitest does not run: it collects the cases. */
import { JestAsymmetricMatchers, JestChaiExpect, setState } from '@vitest/expect';
import * as chai from 'chai';

type Work = () => unknown;
interface Group {
  readonly title: string;
  readonly parent: Group | undefined;
  readonly before: Work[];
  readonly after: Work[];
}
interface Case {
  readonly title: string;
  readonly run: () => Promise<void>;
}

let group: Group = { title: '', parent: undefined, before: [], after: [] };
/** What is to be undone after the case that runs. */
let finished: Work[] = [];
export const CASES: Case[] = [];

export function describe(title: string, declare: Work): void {
  const parent = group;
  group = { title, parent, before: [], after: [] };
  declare();
  group = parent;
}

export const beforeEach = (work: Work): void => void group.before.push(work);
export const afterEach = (work: Work): void => void group.after.push(work);
export const onTestFinished = (work: Work): void => void finished.push(work);

function declare(title: string, test: Work): void {
  const groups: Group[] = [];
  for (let each: Group | undefined = group; each !== undefined; each = each.parent) groups.unshift(each);
  const titles = groups.flatMap((each) => (each.title === '' ? [] : each.title));
  CASES.push({
    title: [...titles, title].join(' > '),
    async run() {
      finished = [];
      try {
        for (const { before } of groups) for (const work of before) await work();
        await test();
      } finally {
        for (const { after } of groups.toReversed()) for (const work of after) await work();
        for (const work of finished.toReversed()) await work();
      }
    },
  });
}

/** Fills `%s` of a title. */
const filled = (title: string, values: readonly unknown[]): string => {
  let index = 0;
  return title.replaceAll('%s', () => String(values[index++]));
};

export const it = Object.assign(declare, {
  skipIf: (isSkipped: boolean) => (isSkipped ? () => undefined : declare),
  each: (table: readonly unknown[]) => (title: string, test: (...values: unknown[]) => unknown) => {
    for (const row of table) {
      const values = Array.isArray(row) ? (row as unknown[]) : [row];
      declare(filled(title, values), () => test(...values));
    }
  },
});

/** Mocks and fake timers: a support file imports them, and no suite calls it. */
export const vi = undefined;

chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const { expect } = chai;
setState({ assertionCalls: 0 }, expect as never);
