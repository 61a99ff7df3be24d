/** The events of one commit: which of them the outbox and the store let pass, and what that means for conversions. */
import type { DropReason, Offer } from '../delivery/types.js';
import type { EngineEvent } from '../engine/types.js';
import type { ReportSegments, VisitorEvent } from '../model/tracking-event.js';
import { claimsOf } from '../model/visitor-state/claims.js';
import type { DeferredEvent, StateChange } from '../model/visitor-state/types.js';
import { type TrackOutcome, type ConversionResult, resultOf, SENT_UNSTORED } from './conversion-outcomes.js';
import type { Conversion } from './conversion.js';

export type RecordedEvent = EngineEvent | DeferredEvent;

/** A conversion that is to be committed, whose events are those from the index `from` up to the index `to`. */
export interface RecordedConversion {
  readonly conversion: Conversion;
  readonly from: number;
  readonly to: number;
}

/** Everything that one commit is to store and send. */
export interface Recorded {
  readonly change: StateChange;
  readonly events: readonly RecordedEvent[];
  readonly conversions: readonly RecordedConversion[];
  readonly segments: ReportSegments | undefined;
}

/** The events of one commit, on their way to the outbox. */
export interface SentEvents extends Pick<Recorded, 'events' | 'conversions'> {
  /** The events as they were offered, at the same indexes. */
  readonly offered: readonly VisitorEvent[];
  readonly offer: Offer;
  /** The events that the outbox refused, and those that count only together with them. */
  readonly untaken: ReadonlySet<VisitorEvent>;
}

/**
 * The events that the outbox refused. If it had no room for one event of a conversion, the others count as refused,
 * too: without that, another try would find the goal tracked, and the revenue would be lost.
 */
export function untakenEvents(
  conversions: readonly RecordedConversion[],
  offered: readonly VisitorEvent[],
  { refused, reasons }: Offer,
): ReadonlySet<VisitorEvent> {
  if (refused.size === 0 || conversions.length === 0) return refused;
  const lacksRoom = (event: VisitorEvent): boolean =>
    refused.has(event) && resultOf(refusalOf(reasons?.get(event))).retry;
  const all = conversions.map(({ from, to }) => offered.slice(from, to));
  return new Set([...refused, ...all.filter((own) => own.some(lacksRoom)).flat()]);
}

/**
 * The claims of events that the outbox took. These claims need a lease: if this process dies, its events may be lost,
 * but the stored claims are not.
 */
export function takenClaims({ events, offered, untaken }: SentEvents): string[] {
  const taken = events.filter((_, index) => !untaken.has(offered[index]!));
  return [...new Set(taken.flatMap(claimsOf))];
}

/**
 * The claims of events that the outbox did not take. They must not be stored, so that a later request exposes the
 * visitor. A claim that several events share (a conversion and its transaction) is stored if the outbox took one of the
 * events.
 */
export function refusedClaims(sent: SentEvents): ReadonlySet<string> {
  const { events, offered, untaken } = sent;
  const refused = events.filter((_, index) => untaken.has(offered[index]!));
  const claims = new Set(refused.flatMap(claimsOf));
  if (refused.length < events.length) for (const claim of takenClaims(sent)) claims.delete(claim);
  return claims;
}

/**
 * The events that must not be sent, because another request made their claim first, or because the outbox did not take
 * what they belong to; undefined if there are none.
 */
export function lostEvents(
  { events, offered, untaken }: SentEvents,
  lost: ReadonlySet<string>,
): ReadonlySet<VisitorEvent> | undefined {
  if (lost.size === 0 && untaken.size === 0) return undefined;
  const isLost = (recorded: RecordedEvent): boolean => claimsOf(recorded).some((claim) => lost.has(claim));
  return new Set(offered.filter((event, index) => untaken.has(event) || isLost(events[index]!)));
}

/** What became of a conversion. If one of its events was refused, that counts: it needs another try, or an alarm. */
export function resultFor(
  { from, to }: RecordedConversion,
  { offered, offer }: SentEvents,
  isSent: (event: VisitorEvent) => boolean,
  isStored: boolean,
): ConversionResult {
  const own = offered.slice(from, to);
  const refused = own.find((event) => offer.refused.has(event));
  if (refused !== undefined) return resultOf(refusalOf(offer.reasons?.get(refused)));
  if (!own.some(isSent)) return resultOf('already-tracked');
  return isStored ? resultOf('tracked') : SENT_UNSTORED;
}

function refusalOf(reason: DropReason | undefined): TrackOutcome {
  return reason === 'too-large' || reason === 'bad-data' ? reason : 'refused';
}
