/** Requests as identity and consent see them. */
import type { IncomingRequest } from '../../src/model/http.js';
import { userAgentParser } from '../../src/request/user-agent/parser.js';

// A Convert loads it before its first config.
await userAgentParser.need();

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36';

export function incoming(
  headers: Record<string, string | string[]> = {},
  more: Partial<IncomingRequest> = {},
): IncomingRequest {
  return {
    method: 'GET',
    url: '/',
    protocol: 'https',
    host: 'shop.example',
    ip: '93.184.216.34',
    headers: { 'user-agent': CHROME, ...headers },
    raw: {},
    ...more,
  };
}
