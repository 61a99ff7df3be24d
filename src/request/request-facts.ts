/** Facts of a request from which properties are derived, such as URL, user agent and place; each is computed once. */
import type { Attribution, Session } from '../model/attribution.js';
import { headerText, type IncomingRequest } from '../model/http.js';
import type { OnError } from '../utils/app-callback.js';
import { locationOf } from './geo/geo-location.js';
import type { GeoFacts, GeoReader } from './geo/types.js';
import { PARAMETERS, queryValues } from './query-parameters.js';
import { clip } from './text-decoding.js';
import { hostnameOf, MAX_URL, parseTarget, type RequestTarget } from './url.js';
import type { UserAgentReader } from './user-agent/user-agent-cache.js';
import type { UserAgent } from './user-agent/user-agent.js';

/** The sources of facts, which are the same for all requests. */
export interface FactSources {
  /** Geo readers, in the order in which they are asked. */
  readonly geo: readonly GeoReader[];
  readonly client: UserAgentReader;
  readonly attribution: (facts: RequestFactsCache) => Attribution;
  readonly onError: OnError;
}

/** The visitor who sent the request, as far as the facts need to know. */
export interface RequestVisitor {
  /** True if no state from an earlier request of the visitor is stored. Read only if a property needs it. */
  readonly isNewVisitor: boolean;
  /** The session that the request belongs to; undefined if none is known. Read only if a property needs it. */
  readonly session?: Session | undefined;
}

export class RequestFactsCache {
  #target: RequestTarget | undefined;
  #parameters: ReadonlyMap<string, string> | undefined;
  #referrer: string | undefined;
  #attribution: Attribution | undefined;
  #visitorType: 'new' | 'returning' | undefined;
  #host: string | undefined;
  #protocol: string | undefined;
  #userAgentHeader: string | undefined;
  #userAgent: UserAgent | undefined;
  #geoLocation: GeoFacts | undefined;

  constructor(
    protected readonly sources: FactSources,
    readonly request: IncomingRequest,
    readonly requestVisitor: RequestVisitor,
  ) {}

  header(name: string): string | undefined {
    const text: unknown = headerText(this.request.headers[name]);
    return typeof text === 'string' ? text : undefined;
  }

  get target(): RequestTarget {
    return (this.#target ??= parseTarget(this.request.url));
  }

  /** The values of the query parameters in `PARAMETERS`. */
  get parameters(): ReadonlyMap<string, string> {
    return (this.#parameters ??= queryValues(this.target.query, PARAMETERS));
  }

  /** The Referer header; '' if there is none. */
  get referrer(): string {
    return (this.#referrer ??= clip(this.header('referer') ?? '', MAX_URL));
  }

  /**
   * The attribution that the session keeps from its first request; if it keeps none, the attribution of this request.
   */
  get attribution(): Attribution {
    return (this.#attribution ??= this.requestVisitor.session?.attribution ?? this.sources.attribution(this));
  }

  /** `new` for the whole first session; if no session is known, for the first request. */
  get visitorType(): 'new' | 'returning' {
    if (this.#visitorType === undefined) {
      const isFirst = this.requestVisitor.session?.isFirst ?? this.requestVisitor.isNewVisitor;
      this.#visitorType = isFirst ? 'new' : 'returning';
    }
    return this.#visitorType;
  }

  /** The protocol; undefined if a proxy sent something other than http or https. */
  get protocol(): 'http' | 'https' | undefined {
    const protocol = (this.#protocol ??= this.request.protocol.toLowerCase());
    return protocol === 'http' || protocol === 'https' ? protocol : undefined;
  }

  /** The host, with the port if the client named one; '' if the client named no host. */
  get host(): string {
    return (this.#host ??= this.request.host);
  }

  get hostname(): string | undefined {
    return hostnameOf(this.host);
  }

  /** The User-Agent header; '' if there is none. */
  get userAgentHeader(): string {
    return (this.#userAgentHeader ??= this.header('user-agent') ?? '');
  }

  get userAgent(): UserAgent {
    return (this.#userAgent ??= this.sources.client(this.userAgentHeader, this.request.headers));
  }

  /** The place of the visitor by the option `geo`. Property functions of the app can not change it. */
  get geoLocation(): GeoFacts {
    return (this.#geoLocation ??= locationOf(this.request, this.sources.geo, this.sources.onError));
  }
}
