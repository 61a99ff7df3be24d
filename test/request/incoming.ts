/** Requests for the tests of this folder. */
import type { HeaderValue, IncomingRequest } from '../../src/model/http.js';
import {
  createRequestReader,
  type RequestFacts,
  type RequestOptions,
  type RequestVisitor,
} from '../../src/request/request-reader.js';
import { userAgentParser } from '../../src/request/user-agent/parser.js';
import type { ConvertError } from '../../src/utils/errors.js';

// A Convert loads it before its first config.
await userAgentParser.need();

export function incoming(parts: Partial<IncomingRequest> = {}): IncomingRequest {
  return {
    method: 'GET',
    url: '/',
    protocol: 'https',
    host: 'shop.example',
    ip: '',
    headers: {},
    raw: { raw: true },
    ...parts,
  };
}

export const withHeaders = (headers: Record<string, HeaderValue>): IncomingRequest => incoming({ headers });

/** What one request tells, and the errors that were reported on the way. */
export function facts(
  parts: Partial<IncomingRequest> = {},
  options: Omit<RequestOptions, 'onError'> = {},
  visitor: RequestVisitor = { isNewVisitor: true },
): RequestFacts & { errors: ConvertError[] } {
  const errors: ConvertError[] = [];
  const reader = createRequestReader({ ...options, onError: (error) => errors.push(error) });
  return Object.assign(reader.read(incoming(parts), visitor), { errors });
}

/** A request that writes down what was read of it: `url`, `host`, `headers.user-agent` ... */
export function watched(parts: Partial<IncomingRequest> = {}): { request: IncomingRequest; reads: string[] } {
  const reads: string[] = [];
  const watch = <T extends object>(target: T, prefix: string): T =>
    new Proxy(target, {
      get(object, name) {
        if (name !== 'headers') reads.push(prefix + String(name));
        return Reflect.get(object, name) as unknown;
      },
    });
  const plain = incoming(parts);
  return { request: watch({ ...plain, headers: watch(plain.headers, 'headers.') }, ''), reads };
}
