/** The public interface of a visitor in one request or job. */
import type { EngineReason, Variation, Failure } from '../engine/types.js';
import type { ConsentAnswer } from '../consent/consent.js';
import type { DropReason } from '../delivery/types.js';
import type { ConvertError } from '../utils/errors.js';

/**
 * Why a visitor gets what they get. The engine's reasons, and:
 * - `disabled` the request is skipped, or something of ours failed
 * - `not-ready` no project config has arrived
 * - `bot` the request comes from a bot
 * - `consent` the visitor has not consented, or has opted out (`explain` tells by what)
 * - `no-identity` decided, but the visitor's id can't be handed out any more: not enrolled
 */
export type Reason = EngineReason | 'disabled' | 'not-ready' | 'bot' | 'consent' | 'no-identity';

export interface Explanation {
  readonly experienceKey: string;
  readonly reason: Reason;
  /** What `peek` returns. */
  readonly variation: Variation | null;
  /** The locations, audiences or segments that left the visitor out, and which of their rules. */
  readonly failed: readonly Failure[];
  /** Properties that rules of the experience ask for and nobody supplied. */
  readonly missing: readonly string[];
  /** The visitor's consent, and who said so. */
  readonly consent: ConsentAnswer;
}

/** The events of a Convert, by name. They hold visitor ids, but no properties. */
export interface ConvertEvents {
  /** The first project config is there. */
  ready: { version: string | undefined };
  /** Another project config took its place. */
  config: { version: string | undefined };
  decision: {
    visitorId: string;
    experienceKey: string;
    variationKey: string | null;
    reason: Reason;
    /** The decision will be stored and its exposure sent. */
    enrolled: boolean;
  };
  conversion: {
    visitorId: string;
    goalKey: string;
    outcome: 'tracked' | 'already-tracked' | 'goal-not-found' | 'goal-rules' | 'bad-data';
  };
  /** A batch was accepted by the tracking endpoint. */
  delivered: { count: number };
  /** Events were given up. */
  dropped: { count: number; reason: DropReason };
  error: ConvertError;
}
