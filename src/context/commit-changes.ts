/** Recorded events and what an outbox makes of them: which claims stand, and which fall with their events. */
import type { Offer } from '../delivery/types.js';
import type { EngineEvent } from '../engine/types.js';
import type { VisitorEvent } from '../model/tracking-event.js';
import { claimsOf } from '../model/visitor-state/claims.js';
import type { DeferredEvent } from '../model/visitor-state/types.js';

export type RecordedEvent = EngineEvent | DeferredEvent;

/** Claims of events that the outbox took: those may be lost with this process, though what is stored is not. */
export function takenClaims(
  events: readonly RecordedEvent[],
  offered: readonly VisitorEvent[],
  { refused }: Offer,
): readonly string[] {
  const claims = new Set<string>();
  events.forEach((each, index) => {
    if (!refused.has(offered[index]!)) for (const claim of claimsOf(each)) claims.add(claim);
  });
  return [...claims];
}

/**
 * What the outbox refused must not be stored, so that the visitor is exposed another time. A claim of several events (a
 * conversion and its transaction) stands as long as one of them was taken.
 */
export function refusedClaims(
  events: readonly RecordedEvent[],
  offered: readonly VisitorEvent[],
  { refused }: Offer,
): ReadonlySet<string> {
  const claims = new Set<string>();
  const isRefused = (index: number): boolean => refused.has(offered[index]!);
  events.forEach((each, index) => {
    if (isRefused(index)) for (const claim of claimsOf(each)) claims.add(claim);
  });
  events.forEach((each, index) => {
    if (!isRefused(index)) for (const claim of claimsOf(each)) claims.delete(claim);
  });
  return claims;
}

/** An event goes only where its claim was not lost to another request. */
export function confirm(
  lost: ReadonlySet<string>,
  events: readonly RecordedEvent[],
  offered: readonly VisitorEvent[],
  offer: Offer,
  kept: (() => void) | undefined,
): void {
  if (lost.size === 0) return offer.confirm(undefined, kept);
  const isLost = (_: VisitorEvent, index: number): boolean => {
    const event = events[index];
    return event !== undefined && claimsOf(event).some((claim) => lost.has(claim));
  };
  offer.confirm(new Set(offered.filter(isLost)), kept);
}
