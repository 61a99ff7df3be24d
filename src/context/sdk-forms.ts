/** Reads arguments, and makes answers, in the forms of the official SDK. */
import { type ReportSegments, SEGMENT_KEYS } from '../model/tracking-event.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { asObject } from '../utils/objects.js';
import type { Runtime } from './runtime.js';
import type { VisitorData } from './types.js';

/** The arguments of `updateVisitorProperties`; in the SDK, the visitor's id comes first. */
export type PropertiesArguments =
  [properties: Record<string, unknown>] | [visitorId: string, properties: Record<string, unknown>];

/** Returns the properties; none, which is told once, if they are meant for a visitor of another id. */
export function givenProperties(
  [first, second]: PropertiesArguments,
  visitorId: string,
  { warnOnce }: Pick<Runtime, 'warnOnce'>,
): Readonly<Record<string, unknown>> {
  if (typeof first !== 'string' && typeof first !== 'number') return asObject(first);
  if (String(first) === visitorId) return asObject(second);
  warnOnce(
    'CONVERT_OTHER_VISITOR',
    'updateVisitorProperties was given the id of another visitor, and does nothing; use forVisitor(id)',
  );
  return {};
}

/** The report segments that are given; whatever else the object holds is left out. */
export function knownSegments(segments: ReportSegments): Record<string, unknown> {
  const given: Record<string, unknown> = asObject(segments);
  return Object.fromEntries(
    SEGMENT_KEYS.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]])),
  );
}

/** The fields of the state that `getVisitorData` of the SDK returns; a field that holds nothing is left out. */
export function visitorData({ bucketing, goals, segments, locations }: VisitorState): VisitorData {
  const fields = Object.entries({ bucketing, goals, segments, locations });
  return structuredClone(Object.fromEntries(fields.filter(([, value]) => value !== undefined)));
}
