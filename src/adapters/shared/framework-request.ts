/** The request of a framework that runs on Node. */
import type { HeaderValue, IncomingRequest } from '../../model/http.js';

/** A request behind which there is one of Node. */
export interface NodeRequest extends IncomingRequest {
  readonly node: object;
}

/** The fields of a request that have one name in Koa's context and in Fastify's request. */
interface Described {
  readonly method: string;
  readonly originalUrl: string;
  readonly protocol: string;
  readonly host?: string;
  readonly ip?: string;
  readonly headers: Readonly<Record<string, HeaderValue>>;
}

/** A request that its framework has described already. */
export abstract class FrameworkRequest<Raw extends Described> implements NodeRequest {
  constructor(readonly raw: Raw) {}
  abstract get node(): object;
  abstract get proxySetting(): string;
  get method(): string {
    return this.raw.method;
  }
  get url(): string {
    return this.raw.originalUrl;
  }
  get protocol(): string {
    return this.raw.protocol;
  }
  get host(): string {
    return this.raw.host ?? '';
  }
  get ip(): string {
    return this.raw.ip ?? '';
  }
  get headers(): Raw['headers'] {
    return this.raw.headers;
  }
}
