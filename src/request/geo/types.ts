/** Where a visitor is, and who tells it. */
import type { IncomingRequest } from '../../model/http.js';
import type { ConvertError } from '../../utils/errors.js';

/** What becomes of a reader that takes its knowledge from somewhere else. Each is told once per outage. */
export interface GeoListener {
  /** It can not keep up with its data, or has none yet. */
  failing(error: ConvertError): void;
  /** `what` is a sentence for the log. */
  recovered(what: string): void;
}

/** Tells a visitor's place from a request. */
export interface GeoReader {
  /** Stands in messages. */
  readonly name: string;
  /**
   * Makes it ready; until then `read` may know nothing. Called once per Convert that it is given to, off the
   * request path. May reject.
   */
  load?(listener: GeoListener): Promise<void>;
  /**
   * Called only if something asks: at most once per request, and once more where a privacy signal counts in some
   * countries only. Unknown facts are left out.
   */
  read(request: IncomingRequest): GeoFacts;
  /** Lets go of what `load` began for `listener`. Requests that are under way may still be read. */
  close?(listener: GeoListener): void;
}

/** What is known of a visitor's place. */
export interface GeoFacts {
  /** ISO 3166-1, two letters. */
  readonly country?: string | undefined;
  /** The part of an ISO 3166-2 code behind the country (`CA`, `ENG`), where the source has it. */
  readonly region?: string | undefined;
  /** As the source writes it. */
  readonly city?: string | undefined;
  /** `AF AN AS EU NA OC SA` */
  readonly continent?: string | undefined;
  /** A name of the IANA database. */
  readonly timezone?: string | undefined;
}

export type GeoFact = keyof GeoFacts;

export const GEO_FACTS: readonly GeoFact[] = ['country', 'region', 'city', 'continent', 'timezone'];

/** The header that carries each fact. */
export type GeoHeaders = { readonly [Fact in GeoFact]?: string };

/** One header that carries several facts. */
export interface GeoDocument {
  readonly header: string;
  /** May return values of any kind; whoever calls it checks them. */
  parse(text: string): { readonly [Fact in GeoFact]?: unknown };
}
