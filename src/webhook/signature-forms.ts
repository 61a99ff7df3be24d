/** The forms in which platforms sign: where the signature stands in a request, and what it is over. */
import { headerText, type RouteRequest } from '../model/http.js';
import type { FindSignature } from './signatures.js';

export function headerOf({ headers }: RouteRequest, name: string): string | undefined {
  const value = headerText(Object.hasOwn(headers, name) ? headers[name] : undefined);
  return value === '' ? undefined : value;
}

/** A header that is the signature of the body, and nothing else: Shopify, WooCommerce, Lemon Squeezy, GitHub. */
export function signedBody(...headers: readonly string[]): FindSignature {
  return (request) => {
    for (const name of headers) {
      const signature = headerOf(request, name);
      if (signature !== undefined) return { parts: [request.body], signatures: [signature] };
    }
    return undefined;
  };
}

const SECONDS = /^\d{1,11}$/;

/** Reads a time in seconds since the epoch, in milliseconds; undefined if it is none. */
export function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && SECONDS.test(text) ? Number(text) * 1000 : undefined;
}

/**
 * A header of pairs that names the time and one signature or more, over the time, a separator and the body: Stripe
 * (`t=1,v1=ab,v1=cd`), Paddle (`ts=1;h1=ab`).
 */
export function timedBody(form: {
  readonly header: string;
  /** What stands between the pairs. */
  readonly between: string;
  readonly time: string;
  readonly signature: string;
  /** What is signed between the time and the body. */
  readonly separator: string;
}): FindSignature {
  return (request) => {
    const pairs = (headerOf(request, form.header) ?? '').split(form.between).map((pair) => {
      const at = pair.indexOf('=');
      return { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
    });
    const text = pairs.find(({ name }) => name === form.time)?.value;
    const time = secondsOf(text);
    if (text === undefined || time === undefined) return undefined;
    const signatures = pairs.filter(({ name }) => name === form.signature).map(({ value }) => value);
    return { parts: [text, form.separator, request.body], signatures, time };
  };
}

/**
 * Standard Webhooks (https://www.standardwebhooks.com): three headers, and a signature over id, time and body. Svix has
 * the same with names of its own.
 */
export const standardForm: FindSignature = (request) => {
  const prefix = headerOf(request, 'webhook-id') === undefined ? 'svix' : 'webhook';
  const id = headerOf(request, `${prefix}-id`);
  const text = headerOf(request, `${prefix}-timestamp`);
  const signatures = headerOf(request, `${prefix}-signature`);
  const time = secondsOf(text);
  if (id === undefined || time === undefined || signatures === undefined) return undefined;
  return { parts: [`${id}.${text}.`, request.body], signatures: signatures.split(' '), time };
};
