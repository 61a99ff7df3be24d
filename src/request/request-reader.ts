/**
 * Reads the location properties, the visitor properties and the report segments of a request. A value is computed only
 * if it is read.
 */
import type { IncomingRequest } from '../model/http.js';
import type { Properties } from '../model/properties.js';
import type { ReportSegments } from '../model/tracking-event.js';
import { callbackThrew, type OnError } from '../utils/app-callback.js';
import { asConvertError } from '../utils/errors.js';
import type { WarnOnce } from '../utils/operator-log.js';
import { DescribedFacts, DescribedRequest, type VisitorRequest } from './described-request.js';
import { locationOf } from './geo/geo-location.js';
import { type GeoFacts, type GeoOption, resolveGeo } from './geo/geo.js';
import type { GeoListener, GeoReader } from './geo/types.js';
import { LazyProperties, propertyKind, type PropertyKind } from './lazy-properties.js';
import {
  LOCATION_PROPERTIES,
  type LocationProperties,
  VISITOR_PROPERTIES,
  type VisitorProperties,
  type Vocabulary,
} from './property-tables.js';
import { readAttribution } from './read-attribution.js';
import { type KnownSegments, reportSegments } from './report-segments.js';
import { type FactSources, type RequestVisitor, RequestFactsCache } from './request-facts.js';
import { createUserAgentReader } from './user-agent/user-agent-cache.js';
import { NOTHING } from '../utils/objects.js';

export type { GeoFacts, GeoOption } from './geo/geo.js';
export type { RequestVisitor } from './request-facts.js';
export type { VisitorProperties, Vocabulary, LocationProperties } from './property-tables.js';

/**
 * The app's own properties. Both functions get the framework's request and the default properties, which are computed
 * when they are read. The returned properties replace defaults of the same name, and `undefined` removes a default.
 * Each function is called at most once per request, at the first property that is read. If it throws, or does not
 * return an object at once, an error is reported (CONVERT_CALLBACK) and the defaults stand.
 */
export interface PropertiesOption<Raw = unknown> {
  location?(request: Raw, defaults: LocationProperties): object;
  visitor?(request: Raw, defaults: VisitorProperties): object;
  /** The form of the property `browser` (see `Vocabulary`). Default `readable`. */
  vocabulary?: Vocabulary;
}

export interface RequestOptions<Raw = unknown> {
  properties?: PropertiesOption<Raw> | undefined;
  /** The source of a visitor's place. Default: none. */
  geo?: GeoOption | undefined;
  /** Receives the errors of the app's functions. */
  onError: OnError;
  /** Receives warnings for the operator. Default: warnings are dropped. */
  warnOnce?: WarnOnce | undefined;
  /** Receives reports on outages of the geo readers. Default: their failures go to `onError`. */
  geoListener?: GeoListener | undefined;
}

export interface RequestReader {
  /** Makes the geo readers ready. Rejects with a ConvertError if a reader fails. Requests are served meanwhile. */
  load(): Promise<void>;
  /** Makes the facts of a request. No fact is computed before it is read. */
  read(request: IncomingRequest, visitor: RequestVisitor): RequestFacts;
  /**
   * Makes the facts of a request that another server tells of. No function of the app is asked about it, since they
   * take the framework's request, and no header is read for the place.
   */
  describe(request: VisitorRequest, visitor: RequestVisitor): DescribedFacts;
  /**
   * Returns the place of the visitor before the facts of the request are made. Privacy signals that count in some
   * countries only need it. Never throws.
   */
  geoLocation(request: IncomingRequest): GeoFacts;
  /** Closes the geo readers. Never throws. */
  close(): void;
}

/**
 * Makes the reader of a request's properties: URL, user agent, place, campaign, and what the app adds.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` if `geo` is wrong; `properties` has been checked with the other options
 */
export function createRequestReader(options: RequestOptions): RequestReader {
  const { onError } = options;
  const { properties = NOTHING, warnOnce = () => undefined } = options;
  const geo = options.geo === undefined ? [] : resolveGeo(options.geo, warnOnce);
  const geoListener = options.geoListener ?? { failing: onError, recovered: () => undefined };
  const setup: RequestSetup = {
    geo,
    client: createUserAgentReader(),
    attribution: readAttribution,
    segments: new WeakMap(),
    onError,
    location: propertyKind(
      'properties.location',
      LOCATION_PROPERTIES,
      properties.location?.bind(properties),
      onError,
    ),
    visitor: propertyKind(
      'properties.visitor',
      VISITOR_PROPERTIES[properties.vocabulary ?? 'readable'],
      properties.visitor?.bind(properties),
      onError,
    ),
  };
  let described: RequestSetup | undefined;
  return {
    load: () => loadAll(geo, geoListener, onError),
    read: (request, visitor) => new RequestFacts(setup, request, visitor),
    describe(given, visitor) {
      described ??= withoutApp(setup);
      const request = new DescribedRequest(given);
      return new DescribedFacts(new RequestFacts(described, request, visitor), request);
    },
    geoLocation: (request) => locationOf(request, geo, onError),
    close: () => closeAll(geo, geoListener, onError),
  };
}

/** Loads all geo readers, even if one fails. Rejects with the first failure; further failures go to `onError`. */
async function loadAll(geo: readonly GeoReader[], listener: GeoListener, onError: OnError): Promise<void> {
  const loads = await Promise.allSettled(geo.map(async (reader) => reader.load?.(listener)));
  const failures = loads.flatMap((load, index) => {
    if (load.status === 'fulfilled') return [];
    const message = `geo (${geo[index]?.name}) can not be loaded`;
    return [asConvertError(load.reason, 'CONVERT_BAD_OPTION', message)];
  });
  const [first, ...others] = failures;
  others.forEach(onError);
  if (first !== undefined) throw first;
}

function closeAll(geo: readonly GeoReader[], listener: GeoListener, onError: OnError): void {
  for (const reader of geo) {
    try {
      reader.close?.(listener);
    } catch (error) {
      onError(callbackThrew(`geo (${reader.name}).close`, error));
    }
  }
}

interface RequestSetup extends FactSources {
  readonly segments: KnownSegments;
  readonly location: PropertyKind;
  readonly visitor: PropertyKind;
}

function withoutApp(setup: RequestSetup): RequestSetup {
  return {
    ...setup,
    geo: setup.geo.filter(({ needsRequest }) => needsRequest !== true),
    location: { ...setup.location, extend: undefined },
    visitor: { ...setup.visitor, extend: undefined },
  };
}

/** The facts of one request, and the properties and report segments that are made of them. */
export class RequestFacts extends RequestFactsCache {
  #location: LazyProperties | undefined;
  #visitor: LazyProperties | undefined;
  #segments: ReportSegments | undefined;

  constructor(
    private readonly setup: RequestSetup,
    request: IncomingRequest,
    requestVisitor: RequestVisitor,
  ) {
    super(setup, request, requestVisitor);
  }

  get location(): Properties {
    return this.#locationProperties();
  }

  get visitor(): Properties {
    return this.#visitorProperties();
  }

  /** Returns all location properties that are known, frozen. */
  locationObject(): Readonly<Record<string, unknown>> {
    return this.#locationProperties().object();
  }

  /** Returns all visitor properties that are known, frozen. */
  visitorObject(): Readonly<Record<string, unknown>> {
    return this.#visitorProperties().object();
  }

  /**
   * Returns the report segments for events of this request, frozen. The app's property functions do not change them.
   */
  segments(): ReportSegments {
    return (this.#segments ??= reportSegments(this, this.setup.segments));
  }

  #locationProperties(): LazyProperties {
    return (this.#location ??= new LazyProperties(this.setup.location, this));
  }

  #visitorProperties(): LazyProperties {
    return (this.#visitor ??= new LazyProperties(this.setup.visitor, this));
  }
}

export type { GeoListener, GeoReader } from './geo/types.js';
