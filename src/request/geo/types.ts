/** The place of a visitor, and the interface of the readers that find it. */
import type { IncomingRequest } from '../../model/http.js';
import type { ConvertError } from '../../utils/errors.js';

/**
 * Receives reports on a geo reader whose data come from outside, such as a file. Each method is called once per outage.
 */
export interface GeoListener {
  /** The reader can not update its data, or has no data yet. */
  failing(error: ConvertError): void;
  /** The reader has data again. `what` is a sentence for the log. */
  recovered(what: string): void;
}

/** Finds the place of a visitor from a request. */
export interface GeoReader {
  /** The name of the reader, for messages. */
  readonly name: string;
  /**
   * Makes the reader ready. Until then, `read` may return nothing. Each Convert that gets the reader calls `load` once,
   * outside of any request. `load` may reject.
   */
  load?(listener: GeoListener): Promise<void>;
  /**
   * Finds the place of a visitor. Unknown facts are left out. Called only if a rule or a report needs the place: at
   * most once per request, and once more if a privacy signal counts in some countries only.
   */
  read(request: IncomingRequest): GeoFacts;
  /**
   * True if the reader needs the headers or the framework of a request. Then it is not asked about requests that
   * another server tells of. Default false: the address is enough.
   */
  readonly needsRequest?: boolean;
  /**
   * Ends the work in the background that `load` began for `listener`. `read` may still be called, for requests that are
   * under way.
   */
  close?(listener: GeoListener): void;
}

/** The place of a visitor, as far as it is known. */
export interface GeoFacts {
  /** The country: its code of two letters in ISO 3166-1. */
  readonly country?: string | undefined;
  /** The part of an ISO 3166-2 code behind the country (`CA`, `ENG`), if the source has the code; else a name. */
  readonly region?: string | undefined;
  /** The name of the city, as the source writes it. */
  readonly city?: string | undefined;
  /** The continent: one of `AF AN AS EU NA OC SA`. */
  readonly continent?: string | undefined;
  /** The time zone: its name in the IANA database. */
  readonly timezone?: string | undefined;
}

export type GeoFact = keyof GeoFacts;

export const GEO_FACTS: readonly GeoFact[] = ['country', 'region', 'city', 'continent', 'timezone'];

/** The name of the header that carries each fact. */
export type GeoHeaders = { readonly [Fact in GeoFact]?: string };

/** One header that carries several facts. */
export interface GeoDocument {
  readonly header: string;
  /** Parses the text of the header. The facts may have values of any kind: the caller checks them. */
  parse(text: string): { readonly [Fact in GeoFact]?: unknown };
}
