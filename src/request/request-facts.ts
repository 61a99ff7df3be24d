/** What several properties of a request are made of. Each is computed when it is first asked for, and once. */
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

/** What is the same for all requests. */
export interface FactSources {
  /** In the order in which they are asked. */
  readonly geo: readonly GeoReader[];
  readonly client: UserAgentReader;
  readonly attribution: (facts: RequestFactsCache) => Attribution;
  readonly onError: OnError;
}

/** Who sent the request, as far as the facts need to know. */
export interface RequestVisitor {
  /** No state of an earlier visit is there. Read only if something asks for it. */
  readonly isNewVisitor: boolean;
  /** The session that the request goes on with; undefined where none is known. Read only if something asks for it. */
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
  #place: GeoFacts | undefined;

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

  /** The values of `PARAMETERS` in the query. */
  get parameters(): ReadonlyMap<string, string> {
    return (this.#parameters ??= queryValues(this.target.query, PARAMETERS));
  }

  /** '' without one. */
  get referrer(): string {
    return (this.#referrer ??= clip(this.header('referer') ?? '', MAX_URL));
  }

  /** How the visitor got here: what the first hit of the session said, or else what this request says. */
  get attribution(): Attribution {
    return (this.#attribution ??= this.requestVisitor.session?.attribution ?? this.sources.attribution(this));
  }

  /** `new` for the whole first session; where no session is known, for the first request. */
  get visitorType(): 'new' | 'returning' {
    if (this.#visitorType === undefined) {
      const isFirst = this.requestVisitor.session?.isFirst ?? this.requestVisitor.isNewVisitor;
      this.#visitorType = isFirst ? 'new' : 'returning';
    }
    return this.#visitorType;
  }

  /** `undefined` where a proxy said something that is no protocol of ours. */
  get protocol(): 'http' | 'https' | undefined {
    const protocol = (this.#protocol ??= this.request.protocol.toLowerCase());
    return protocol === 'http' || protocol === 'https' ? protocol : undefined;
  }

  /** With the port, if the client named one; '' if it named no host. */
  get host(): string {
    return (this.#host ??= this.request.host);
  }

  get hostname(): string | undefined {
    return hostnameOf(this.host);
  }

  /** '' without one. */
  get userAgentHeader(): string {
    return (this.#userAgentHeader ??= this.header('user-agent') ?? '');
  }

  get userAgent(): UserAgent {
    return (this.#userAgent ??= this.sources.client(this.userAgentHeader, this.request.headers));
  }

  /** What the `geo` option tells, and nothing else: no property function can change it. */
  get place(): GeoFacts {
    return (this.#place ??= locationOf(this.request, this.sources.geo, this.sources.onError));
  }
}
