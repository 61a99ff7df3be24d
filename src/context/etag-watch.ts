/**
 * Notices an ETag that the app makes from its data: it is the same for all variations of a page, so that browsers and
 * caches keep the page of another variation.
 */
import type { ResponseHead } from '../model/http.js';
import { LruMap } from '../utils/lru-map.js';
import type { ContextDecision } from './decider.js';
import type { Runtime } from './runtime.js';

/**
 * The forms of an ETag that a framework makes from the body: size and SHA-1 (the package `etag`, which Express and
 * koa-etag use), or SHA-1 alone (`@fastify/etag`). Pages with such an ETag differ if the ETags do.
 */
const OF_BODY = /^(?:W\/)?"(?:[\da-f]+-)?[A-Za-z\d+/]{27}=?"$/;

/** A longer text is not kept. */
const MAX_TEXT = 500;

/** The variations and the length of the first page that had an ETag. */
interface Seen {
  readonly variations: string;
  /** The `Content-Length`; '' if the response had none. */
  readonly length: string;
}

export class EtagWatch {
  readonly #seen = new LruMap<Seen>({ max: 100 });
  #isWarned = false;

  /** Looks at a response on which `decisions` were made: only at some of them, and only if it has an ETag. */
  see(
    { warnOnce }: Pick<Runtime, 'warnOnce'>,
    url: string,
    head: ResponseHead,
    decisions: { readonly decided: ReadonlyMap<string, ContextDecision> },
  ): void {
    const etag = head.getHeader('ETag');
    if (this.#isWarned || typeof etag !== 'string' || OF_BODY.test(etag) || head.status !== 200) return;
    const decided = [...decisions.decided];
    const name = `${etag} ${url} ${decided.map(([key]) => key).join()}`;
    if (decided.length === 0 || name.length > MAX_TEXT) return;
    const variations = decided.map(([, { variation }]) => variation?.id).join();
    const length = String(head.getHeader('Content-Length') ?? '');
    const before = this.#seen.find(name);
    if (before === undefined) this.#seen.add(name, { variations, length });
    else if (isStale(before.value, { variations, length })) {
      this.#isWarned = true;
      warnOnce(
        'CONVERT_ETAG',
        'a page has the same ETag for two variations, so that a browser that has one of them keeps it, and a cache' +
          ' hands it to others: put the keys of the variations into the ETag, or leave it to the framework',
      );
    }
  }
}

/** True if two pages of one ETag differ. Those of one length count as the same: the variation may not show there. */
const isStale = (one: Seen, other: Seen): boolean =>
  one.variations !== other.variations && (one.length !== other.length || one.length === '');
