/**
 * Assignments as text, and back: `experience.variation.experience.variation`, of `[A-Za-z0-9_.-]` alone. Ids of
 * Convert are decimal and take 6 characters.
 */

/** Experience id and variation id. */
export type Assignment = readonly [experienceId: string, variationId: string];

/** What comes back as it was from a number; 15 digits are exact in one. */
const DECIMAL = /^(?:0|[1-9]\d{0,14})$/;
const BASE36 = /^[0-9a-z]{1,10}$/;

export interface PackedAssignments {
  /** '' where there are none. */
  readonly text: string;
  /** How many found no room. */
  readonly dropped: number;
}

/**
 * The assignments, in their order, within so many characters. Where they are too many, those go first of which
 * `isRunning` says no, then those that stand first.
 */
export function packAssignments(
  assignments: readonly Assignment[],
  room: number,
  isRunning: (experienceId: string) => boolean,
): PackedAssignments {
  const parts = assignments.map(([experience, variation]) => `${packId(experience)}.${packId(variation)}`);
  let length = parts.reduce((sum, part) => sum + part.length + 1, -1);
  if (length <= room) return { text: parts.join('.'), dropped: 0 };

  const dropped = new Set<number>();
  const drop = (mayGo: (place: number) => boolean): void => {
    for (let place = 0; place < parts.length && length > room; place++) {
      if (dropped.has(place) || !mayGo(place)) continue;
      dropped.add(place);
      length -= parts[place]!.length + 1;
    }
  };
  drop((place) => !isRunning(assignments[place]![0]));
  drop(() => true);
  return { text: parts.filter((_, place) => !dropped.has(place)).join('.'), dropped: dropped.size };
}

/** By experience id, in their order; undefined for what `packAssignments` can't have made. */
export function unpackAssignments(text: string): Map<string, string> | undefined {
  const assignments = new Map<string, string>();
  if (text === '') return assignments;
  const tokens = text.split('.');
  if (tokens.length % 2 === 1) return undefined;
  for (let at = 0; at < tokens.length; at += 2) {
    const experience = unpackId(tokens[at]!);
    const variation = unpackId(tokens[at + 1]!);
    if (experience === undefined || variation === undefined) return undefined;
    assignments.set(experience, variation);
  }
  return assignments;
}

function packId(id: string): string {
  if (DECIMAL.test(id)) return Number(id).toString(36);
  // UTF-8 can't hold half of a surrogate pair, JSON can.
  return id.isWellFormed()
    ? `_${Buffer.from(id, 'utf8').toString('base64url')}`
    : `-${Buffer.from(id, 'utf16le').toString('base64url')}`;
}

function unpackId(token: string): string | undefined {
  if (BASE36.test(token)) return String(Number.parseInt(token, 36));
  const encoding = token.startsWith('_') ? 'utf8' : token.startsWith('-') ? 'utf16le' : undefined;
  return encoding && Buffer.from(token.slice(1), 'base64url').toString(encoding);
}
