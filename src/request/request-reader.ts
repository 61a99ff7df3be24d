/** Request -> location and visitor properties, and report segments. What nobody reads is not computed. */
import type { IncomingRequest } from '../model/http.js';
import type { Properties } from '../model/properties.js';
import type { ReportSegments } from '../model/tracking-event.js';
import { callbackThrew, type OnError } from '../utils/app-callback.js';
import { asConvertError } from '../utils/errors.js';
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

export type { GeoFacts, GeoOption } from './geo/geo.js';
export type { RequestVisitor } from './request-facts.js';
export type { VisitorProperties, Vocabulary, LocationProperties } from './property-tables.js';

/**
 * What the app makes of the properties. Both functions get the framework's request and the default properties, which
 * are computed as they are read; what they return goes over the defaults, and `undefined` takes one away. They are
 * called at most once per request, at the first property that is read. One that throws, or does not return an
 * object at once, is reported (CONVERT_CALLBACK), and the defaults stand.
 */
export interface PropertiesOption<Raw = unknown> {
  location?(request: Raw, defaults: LocationProperties): object;
  visitor?(request: Raw, defaults: VisitorProperties): object;
  /** Default `readable`. */
  vocabulary?: Vocabulary;
}

export interface RequestOptions<Raw = unknown> {
  properties?: PropertiesOption<Raw> | undefined;
  /** Default: none. */
  geo?: GeoOption | undefined;
  /** Told of what the app's functions did wrong. */
  onError: OnError;
  /** Told, once each, of what an operator should look at. Default: nobody. */
  warn?: ((message: string) => void) | undefined;
  /** Told how the geo readers fare. Default: `onError` hears of failures. */
  geoListener?: GeoListener | undefined;
}

export interface RequestReader {
  /** Makes the geo readers ready, where they need that. Rejects with a ConvertError; requests are served meanwhile. */
  load(): Promise<void>;
  /** Computes nothing yet. */
  read(request: IncomingRequest, visitor: RequestVisitor): RequestFacts;
  /** Where the visitor is, for those who must know it before anything else is asked. Never throws. */
  place(request: IncomingRequest): GeoFacts;
  /** Lets go of what the geo readers hold. Never throws. */
  close(): void;
}

/** @throws ConvertError `CONVERT_BAD_OPTION` for `geo`; `properties` have been checked with the other options. */
export function createRequestReader(options: RequestOptions): RequestReader {
  const { onError } = options;
  const { properties = {}, warn = () => undefined } = options;
  const geo = options.geo === undefined ? [] : resolveGeo(options.geo, warn);
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
  return {
    load: () => loadAll(geo, geoListener, onError),
    read: (request, visitor) => new RequestFacts(setup, request, visitor),
    place: (request) => locationOf(request, geo, onError),
    close: () => closeAll(geo, geoListener, onError),
  };
}

/** All of them, whatever one does. Rejects with the first failure; the others go to `onError`. */
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

/** What one request tells. */
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

  /** All location properties that are known, frozen. */
  locationObject(): Readonly<Record<string, unknown>> {
    return this.#locationProperties().object();
  }

  /** All visitor properties that are known, frozen. */
  visitorObject(): Readonly<Record<string, unknown>> {
    return this.#visitorProperties().object();
  }

  /** For events. The app's property functions have no part in them; frozen. */
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
