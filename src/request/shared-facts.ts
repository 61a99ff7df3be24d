/** What several properties of a request are made of. Each is computed when it is first asked for, and once. */
import { headerText, type IncomingRequest } from '../exchange.js';
import type { OnError } from './callback.js';
import type { GeoFacts } from './geo-platforms.js';
import type { GeoReader } from './geo.js';
import { placeOf } from './place.js';
import { hostnameOf, parseTarget, type RequestTarget } from './target.js';
import type { UserAgent } from './user-agent.js';

/** What is the same for all requests. */
export interface FactSources {
  /** In the order in which they are asked. */
  readonly geo: readonly GeoReader[];
  readonly userAgent: (header: string | undefined) => UserAgent;
  readonly onError: OnError;
}

/** Who sent the request, as far as the facts need to know. */
export interface RequestVisitor {
  /** No state of an earlier visit is known. Read only if something asks for it. */
  readonly isNewVisitor: boolean;
}

export class SharedFacts {
  #target: RequestTarget | undefined;
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
    return (this.#userAgent ??= this.sources.userAgent(this.userAgentHeader));
  }

  /** What the `geo` option tells, and nothing else: no property function can change it. */
  get place(): GeoFacts {
    return (this.#place ??= placeOf(this.request, this.sources.geo, this.sources.onError));
  }
}
