/** The data that the bridge reads from its request: the visitor, the decisions, and the nonce for scripts. */
import type { SignalPlace } from './signal.js';

/** A decision that a page may be told of. */
export interface PageDecision {
  readonly experienceKey: string;
  readonly experienceId: string;
  readonly variationKey: string;
  readonly variationId: string;
  readonly variationName: string;
  /** True if the server counts the visitor as exposed to this variation, since this request or an earlier one. */
  readonly isExposed: boolean;
  /** True if the exposure is sent by this request. */
  readonly isFirstExposure: boolean;
}

export interface PageData {
  /** The id that decisions were made for; undefined if the visitor must not be identified. */
  readonly visitorId: string | undefined;
  /** The decisions of this request so far that gave the visitor a variation. */
  readonly decisions: readonly PageDecision[];
}

export interface PageSource {
  /** The name that sets the page's data apart from those of another Convert of the app; undefined if there is none. */
  readonly as?: string | undefined;
  /** Reads the data anew, so that it has all decisions up to the call. */
  read(): PageData;
  /** The nonce for inline scripts; undefined if the response has none. */
  nonce(): string | undefined;
  /** Has the decisions written with the head of the response, in these places. */
  signal(places: readonly SignalPlace[]): void;
}
