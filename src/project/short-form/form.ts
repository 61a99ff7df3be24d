/** Tells the short form of a project from a config of Convert. */
import { isPlainObject } from '../../utils/objects.js';

export type Form = 'short' | 'full';

/** Says of a field in which form it stands so; undefined if it stands so in both. */
type Mark = (value: unknown) => Form | undefined;

const only: Mark = () => 'full';
const listOrMap: Mark = (value) =>
  Array.isArray(value) ? 'full' : isPlainObject(value) ? 'short' : undefined;

/** The fields that tell the forms apart. In the short form, entities stand by key; in a config of Convert, in lists. */
const MARKS: Readonly<Record<string, Mark>> = {
  account_id: only,
  project: only,
  error: only,
  archived_experiences: only,
  segments: only,
  locations: only,
  experiences: listOrMap,
  audiences: listOrMap,
  features: listOrMap,
  goals: (value) =>
    !Array.isArray(value) || value.length === 0
      ? undefined
      : value.every((each) => typeof each === 'string')
        ? 'short'
        : 'full',
};

/** The form of a project, or what is wrong if it has the marks of both, or of none. */
export function formOf(project: Readonly<Record<string, unknown>>): Form | { readonly problem: string } {
  const marked: Record<Form, string[]> = { short: [], full: [] };
  for (const [name, mark] of Object.entries(MARKS)) {
    const form = Object.hasOwn(project, name) ? mark(project[name]) : undefined;
    if (form !== undefined) marked[form].push(name);
  }
  const { short, full } = marked;
  if (short.length > 0 && full.length > 0) {
    return {
      problem:
        `${list(full)} as in a config of Convert, and ${list(short)} as in the short form: it must be one of them` +
        ' (docs/reference/project-file.md)',
    };
  }
  if (short.length > 0) return 'short';
  if (full.length > 0) return 'full';
  return {
    problem:
      'it has neither account_id and project, as a config of Convert, nor experiences by key, as the short form' +
      ' (docs/reference/project-file.md)',
  };
}

const list = (names: readonly string[]): string =>
  `it has ${names.slice(0, -1).join(', ')}${names.length > 1 ? ' and ' : ''}${names.at(-1)}`;
