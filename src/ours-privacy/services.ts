/** What all requests of one `oursPrivacy()` share. */
import type { Consent } from '../consent/consent.js';
import type { IncomingRequest } from '../model/http.js';
import type { OursEndpoint } from './endpoint.js';
import type { OursReason, OursTrackOutcome } from './types.js';

export interface OursServices {
  readonly endpoint: OursEndpoint;
  readonly token: string;
  readonly trackToken: string | undefined;
  /** Milliseconds for a question of a page. */
  readonly timeout: number;
  /** Milliseconds for an event, which no page need wait for. */
  readonly trackTimeout: number;
  readonly newId: () => string;
  readonly consent: (request: IncomingRequest) => Consent;
  readonly visitorId: (request: IncomingRequest) => string | undefined;
  readonly count: (what: OursReason | OursTrackOutcome | 'read') => void;
  readonly warnOfSharing: () => void;
  /** Tells, once, that the app has handed over what can't be sent. */
  readonly tellOfMistake: (error: unknown) => void;
}
