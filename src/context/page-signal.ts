/** Writes the decisions into a cookie or a header of the response, for clients that can not read them in the page. */
import { variationsIn } from '../bridge/bridge.js';
import { signalFor, type SignalPlace } from '../bridge/signal.js';
import type { PageData } from '../bridge/types.js';
import type { VariationsCookie } from '../identity/cookies/variations-cookie.js';
import type { IncomingRequest, OutgoingResponse, ResponseHead } from '../model/http.js';
import { headerOf, type ProjectNames } from '../model/project-names.js';
import { asConvertError } from '../utils/errors.js';
import type { Runtime } from './runtime.js';
import { isShared } from './shared-response.js';

const HEADER = 'X-Convert-Variations';

export interface PageSignalParts {
  readonly runtime: Runtime;
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly names: ProjectNames | undefined;
  /** Undefined if no cookie of this package is set. */
  readonly cookie: VariationsCookie | undefined;
  /** Reads the decisions up to the call. */
  read(): PageData;
}

export class PageSignal {
  readonly #parts: PageSignalParts;
  readonly #places = new Set<SignalPlace>();
  /** The `Set-Cookie` line of the first attempt to write the head; undefined if there was none. */
  #line: string | undefined;

  constructor(parts: PageSignalParts) {
    this.#parts = parts;
  }

  /** Has the decisions written with the head: in these places, and in those of earlier calls. */
  add(places: readonly SignalPlace[]): void {
    const { runtime, response } = this.#parts;
    if (places.length === 0) return;
    // The visitor is asked for first, so that their cookies and `Cache-Control` are in the head, too.
    this.#parts.read();
    if (response.headersSent) {
      runtime.warnOnce(
        'CONVERT_SIGNAL',
        '`bridge.signal` was called after the response head was sent, so it has no effect: call it before',
        'late',
      );
      return;
    }
    if (this.#places.size === 0) response.onHead((head) => this.#complete(head));
    for (const place of places) this.#places.add(place);
  }

  #complete(head: ResponseHead): void {
    try {
      if (this.#line !== undefined) head.removeCookie(this.#line);
      this.#line = undefined;
      const { visitorId, decisions } = this.#parts.read();
      if (visitorId !== undefined && !isShared(head)) this.#write(head, variationsIn(decisions));
    } catch (error) {
      this.#parts.runtime.report(
        asConvertError(
          error,
          'CONVERT_INTERNAL',
          'the variations could not be written into the response head',
        ),
      );
    }
  }

  #write(head: ResponseHead, variations: Readonly<Record<string, string>>): void {
    const { cookie, names, request } = this.#parts;
    if (this.#places.has('header'))
      head.setHeader(headerOf(HEADER, names), this.#textFor('header', variations));
    if (cookie === undefined || !this.#places.has('cookie')) return;
    this.#line = cookie.issue(this.#textFor('cookie', variations), request);
    head.appendCookie(this.#line);
  }

  #textFor(place: SignalPlace, variations: Readonly<Record<string, string>>): string {
    const { text, dropped } = signalFor(place, variations);
    if (dropped > 0) {
      this.#parts.runtime.warnOnce(
        'CONVERT_SIGNAL',
        `\`bridge.signal\` has room for 1024 characters, so the last variations are left out of the ${place}: decide` +
          ' on fewer experiences before, or write the bridge into the page',
        place,
      );
    }
    return text;
  }
}
