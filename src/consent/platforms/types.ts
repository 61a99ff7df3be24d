/** What a consent platform is: the options it takes, and how its cookies are read. */
import type { IncomingRequest } from '../../model/http.js';
import type { Check } from '../../utils/option-checks.js';

/** `unknown`: the visitor has not answered, or the answer can't be read. */
export type Consent = 'granted' | 'denied' | 'unknown';

export interface ConsentPlatform<Ids extends object = object> {
  /** The options that it takes beside `platform` and `mode`. */
  readonly ids: { readonly [Id in keyof Ids]-?: Check };
  /** Those that it can't do without, and what each of them is. */
  readonly needs?: { readonly [Id in keyof Ids]?: string } & Readonly<Record<string, string>>;
  /** Never throws, whatever the request brings: what can't be read is `unknown`. */
  reader(ids: Ids): (request: IncomingRequest) => Consent;
}
