/** The place of a visitor, and the interface of the readers that find it. */
import type { IncomingRequest } from '../../model/http.js';
import type { ConvertError } from '../../utils/errors.js';

/** Hears of a geo reader whose data come from outside, such as a file. Each method is called once per outage. */
export interface GeoListener {
  /** The reader can not update its data, or has none yet. */
  failing(error: ConvertError): void;
  /** `what` is a sentence for the log. */
  recovered(what: string): void;
}

/** Finds the place of a visitor from a request. */
export interface GeoReader {
  /** The name of the reader, for messages. */
  readonly name: string;
  /**
   * Makes the reader ready; until then `read` may return nothing. Called once per Convert that the reader is given to,
   * outside of any request. May reject.
   */
  load?(listener: GeoListener): Promise<void>;
  /**
   * Finds the place; unknown facts are left out. Called only if a rule or a report needs the place: at most once per
   * request, and once more if a privacy signal counts in some countries only.
   */
  read(request: IncomingRequest): GeoFacts;
  /** Ends what `load` began for `listener`. `read` may still be called, for requests that are under way. */
  close?(listener: GeoListener): void;
}

/** The place of a visitor, as far as it is known. */
export interface GeoFacts {
  /** ISO 3166-1, two letters. */
  readonly country?: string | undefined;
  /** The part of an ISO 3166-2 code behind the country (`CA`, `ENG`), if the source has the code; else a name. */
  readonly region?: string | undefined;
  /** The name of the city, as the source writes it. */
  readonly city?: string | undefined;
  /** `AF AN AS EU NA OC SA` */
  readonly continent?: string | undefined;
  /** A name of the IANA database. */
  readonly timezone?: string | undefined;
}

export type GeoFact = keyof GeoFacts;

export const GEO_FACTS: readonly GeoFact[] = ['country', 'region', 'city', 'continent', 'timezone'];

/** The name of the header that carries each fact. */
export type GeoHeaders = { readonly [Fact in GeoFact]?: string };

/** One header that carries several facts. */
export interface GeoDocument {
  readonly header: string;
  /** May return values of any kind: the caller checks them. */
  parse(text: string): { readonly [Fact in GeoFact]?: unknown };
}
