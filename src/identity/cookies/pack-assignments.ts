/**
 * Writes assignments as a short text for a cookie, and reads it again: `experience.variation.experience.variation`, in
 * characters of `[A-Za-z0-9_.-]`. Convert's decimal ids take some 6 characters in base 36.
 */

import { BYTES } from '../../utils/node/bytes.js';

/** The variation that a visitor has in an experience. */
export type Assignment = readonly [experienceId: string, variationId: string];

/** A decimal id that stays the same when it is made a number and a text again: a number has 15 exact digits. */
const DECIMAL = /^(?:0|[1-9]\d{0,14})$/;
const BASE36 = /^[0-9a-z]{1,10}$/;

export interface PackedAssignments {
  /** The assignments as text; '' if there are none. */
  readonly text: string;
  /** The number of assignments for which there was no room. */
  readonly dropped: number;
}

/**
 * Packs the assignments, in their order, into at most `room` characters. If they need more, assignments whose
 * experience is not running are dropped first, then those at the start.
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
  const drop = (mayGo: (index: number) => boolean): void => {
    for (let index = 0; index < parts.length && length > room; index++) {
      if (dropped.has(index) || !mayGo(index)) continue;
      dropped.add(index);
      length -= parts[index]!.length + 1;
    }
  };
  drop((index) => !isRunning(assignments[index]![0]));
  drop(() => true);
  return { text: parts.filter((_, index) => !dropped.has(index)).join('.'), dropped: dropped.size };
}

/** Reads variations by experience id, in their order; undefined for a text that `packAssignments` can not have made. */
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
  // An id from JSON may have half of a surrogate pair, which UTF-8 can not hold: such an id is written in UTF-16.
  return id.isWellFormed() ? `_${BYTES.toBase64url(id)}` : `-${BYTES.encode(utf16(id))}`;
}

function unpackId(token: string): string | undefined {
  if (BASE36.test(token)) return String(Number.parseInt(token, 36));
  const encoded = token.slice(1);
  if (token.startsWith('_')) return BYTES.fromBase64url(encoded);
  return token.startsWith('-') ? textOfUtf16(BYTES.decode(encoded)) : undefined;
}

/** The bytes of a text in UTF-16, the lower byte of each pair first. */
function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[2 * index] = unit & 0xff;
    bytes[2 * index + 1] = unit >> 8;
  }
  return bytes;
}

/** Returns the text of such bytes. A byte without its pair is left out. */
function textOfUtf16(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index + 1 < bytes.length; index += 2)
    text += String.fromCharCode(bytes[index]! | (bytes[index + 1]! << 8));
  return text;
}
