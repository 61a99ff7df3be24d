/** Turns the outcomes of many cases into text that people can read, with equal outcomes together. */

/** The values that a case may have in each axis, by the name of the axis. */
export type Axes = Readonly<Record<string, readonly string[]>>;
/** One value for each axis. */
export type Case<A extends Axes = Axes> = Readonly<{ [Name in keyof A]: A[Name][number] }>;
/** The text of each aspect of one case. */
export type Outcome = Readonly<Record<string, string>>;
/** The text for an aspect of which nothing was seen. */
export const NOTHING = '(nothing)';

/** A box stands for all combinations of the values that it has in each axis. */
type Box = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns every combination of the values of the axes; the last axis changes fastest. */
export function combinations<A extends Axes>(axes: A): Case<A>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    all = all.flatMap((each) => values.map((value) => ({ ...each, [name]: value })));
  }
  return all as Case<A>[];
}

/**
 * Writes a section for each aspect, and in it each text once, followed by the cases that have it. A line of cases
 * stands for all combinations of the values in it, and each case stands in one line of each section. An aspect that is
 * `NOTHING` in all cases is left out.
 */
export function outcomeTable(axes: Axes, seen: readonly (readonly [Case, Outcome])[]): string {
  const named = seen.flatMap(([, outcome]) => Object.entries(outcome));
  const aspects = new Set(named.flatMap(([aspect, text]) => (text === NOTHING ? [] : [aspect])));
  const sections = [...aspects].map((aspect) => {
    const byOutcome = grouped(seen, ([, outcome]) => outcome[aspect] ?? NOTHING);
    const blocks = [...byOutcome].map(([outcome, rows]) => {
      const cases = rows.map(([each]) => each);
      return [outcome, ...boxesOf(axes, cases).map((box) => `      ${lineOf(axes, box)}`)].join('\n');
    });
    return [`## ${aspect}`, ...blocks].join('\n\n');
  });
  const head = Object.entries(axes).map(([name, values]) => `- ${name}: ${values.join(', ')}`);
  return [`${seen.length} cases\n${head.join('\n')}`, ...sections].join('\n\n\n') + '\n';
}

/** Joins boxes that differ in one axis only, one axis after the other, the last axis first. */
function boxesOf(axes: Axes, cases: readonly Case[]): Box[] {
  let boxes: Box[] = cases.map((each) => new Map(Object.entries(each).map(([k, v]) => [k, new Set([v])])));
  for (const name of Object.keys(axes).toReversed()) {
    const alike = grouped(boxes, (box) =>
      JSON.stringify([...box].map(([axis, values]) => (axis === name ? '' : [...values]))),
    );
    boxes = [...alike.values()].map((group) => {
      const values = new Set(group.flatMap((box) => [...(box.get(name) ?? [])]));
      return new Map([...group[0]!].map(([axis, own]) => [axis, axis === name ? values : own]));
    });
  }
  return boxes;
}

function lineOf(axes: Axes, box: Box): string {
  const cells = Object.entries(axes).map(([name, all]) => {
    const values = box.get(name) ?? new Set();
    return textOf(all, values).padEnd(Math.max(...all.map(({ length }) => length), 'any'.length));
  });
  return cells.join('  ').trimEnd();
}

function textOf(all: readonly string[], values: ReadonlySet<string>): string {
  const missing = all.filter((value) => !values.has(value));
  if (missing.length === 0) return all.length === 1 ? all[0]! : 'any';
  return missing.length * 3 < all.length
    ? `except ${missing.join('|')}`
    : all.filter((value) => values.has(value)).join('|');
}

/** Groups keep the order of their first members. */
function grouped<T>(all: readonly T[], keyOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}
