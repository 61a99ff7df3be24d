/** The interface of a consent platform: the options that it takes, and how its cookies are read. */
import type { IncomingRequest } from '../../model/http.js';
import type { Check } from '../../utils/option-checks.js';

/** `unknown`: the visitor has not answered, or the answer can't be read. */
export type Consent = 'granted' | 'denied' | 'unknown';

export interface ConsentPlatform<Ids extends object = object> {
  /** The checks of the platform's options, besides `platform` and `mode`. */
  readonly ids: { readonly [Id in keyof Ids]-?: Check };
  /** The options that are required, each with its meaning, for messages. */
  readonly needs?: { readonly [Id in keyof Ids]?: string } & Readonly<Record<string, string>>;
  /**
   * Makes the function that reads the visitor's answer from a request. The function never throws: an answer that can't
   * be read is `unknown`.
   */
  reader(ids: Ids): (request: IncomingRequest) => Consent;
}
