/** The answers of the assignment endpoint: JSON, which no cache keeps. */
import type { RouteResponse } from '../model/http.js';

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

export function answer(body: object): RouteResponse {
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(body) };
}

/** @param error what is wrong, in words for whoever has written the call: nothing of the request */
export function refusal(status: number, error: string, headers?: Record<string, string>): RouteResponse {
  return {
    status,
    headers: headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
    body: JSON.stringify({ success: false, error }),
  };
}

/** @param seconds after which another try may do better */
export function later(status: 429 | 503, error: string, seconds: number): RouteResponse {
  return refusal(status, error, { 'retry-after': String(seconds) });
}
