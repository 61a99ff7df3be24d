/**
 * The request of a visitor that another server has got and tells of. What it does not tell is unknown, and never the
 * default of a request of ours.
 */
import type { IncomingRequest } from '../model/http.js';
import type { Properties } from '../model/properties.js';
import type { ReportSegments } from '../model/tracking-event.js';
import type { VisitorProperties } from './property-tables.js';

/** What another server tells of a visitor's request. */
export interface VisitorRequest {
  /**
   * The URL of the page: absolute (`https://shop.example/pricing?utm_source=mail`), or what is known of it: a path with
   * its query (`/pricing?plan=pro`), or a query (`?utm_source=mail`). Default: unknown.
   */
  url?: string | null;
  /** The page that the visitor comes from (the header `Referer`); '' if there is none. Default: unknown. */
  referrer?: string | null;
  /** The visitor's user agent. Default: unknown. */
  userAgent?: string | null;
  /** The visitor's IP address, for databases that tell places. Default: unknown. */
  ip?: string | null;
}

/** How much of a URL is told. */
type UrlForm = 'absolute' | 'path' | 'query' | 'unknown';

const ABSOLUTE = /^(https?):\/\/([^/?#\\]+)/i;

/** The request, as an adapter would describe it. It has no framework, which functions of the app would ask. */
export class DescribedRequest implements IncomingRequest {
  readonly method = 'GET';
  readonly raw = undefined;
  readonly url: string;
  readonly protocol: string;
  readonly host: string;
  readonly ip: string;
  readonly headers: IncomingRequest['headers'];
  readonly form: UrlForm;

  constructor({ url, referrer, userAgent, ip }: VisitorRequest) {
    const [, protocol = '', authority = ''] = ABSOLUTE.exec(url ?? '') ?? [];
    this.form = formOf(url ?? '', protocol !== '');
    this.url = this.form === 'unknown' ? '/' : url!;
    this.protocol = protocol;
    this.host = authority.slice(authority.lastIndexOf('@') + 1);
    this.ip = ip ?? '';
    this.headers = { referer: referrer ?? undefined, 'user-agent': userAgent || undefined };
  }
}

function formOf(url: string, isAbsolute: boolean): UrlForm {
  if (isAbsolute) return 'absolute';
  if (url.startsWith('/')) return 'path';
  return url.startsWith('?') ? 'query' : 'unknown';
}

/** The location properties that each form of a URL tells. */
const OF_URL: Readonly<Record<UrlForm, ReadonlySet<string>>> = {
  absolute: new Set(['url', 'path', 'hostname', 'query', 'protocol']),
  path: new Set(['path', 'query']),
  query: new Set(['query']),
  unknown: new Set(),
};

type Names = readonly (keyof VisitorProperties)[];
const DEVICE: Names = ['device', 'devices', 'desktop', 'mobile', 'tablet', 'browser', 'browserVersion', 'os'];
const ATTRIBUTION: Names = ['source', 'campaign', 'medium', 'keyword', 'sourceName'];
const OF_USER_AGENT: ReadonlySet<string> = new Set(DEVICE);
const OF_ATTRIBUTION: ReadonlySet<string> = new Set(ATTRIBUTION);

/** The facts of a request, whether they are told or not. */
interface Facts {
  readonly location: Properties;
  readonly visitor: Properties;
  segments(): ReportSegments;
}

/** The properties and report segments of a described request: only those that the other server has told. */
export class DescribedFacts {
  readonly #facts: Facts;
  readonly request: DescribedRequest;
  readonly location: Properties = { get: (name) => this.#location(name) };

  constructor(facts: Facts, request: DescribedRequest) {
    this.#facts = facts;
    this.request = request;
  }

  /** Returns the visitor properties, of which those in `given` go first. */
  visitor(given: Readonly<Record<string, unknown>>): Properties {
    return { get: (name) => (Object.hasOwn(given, name) ? given[name] : this.#visitor(name)) };
  }

  segments(): ReportSegments {
    const all = this.#facts.segments();
    // Equal segments are one object, whose JSON is made once.
    if (this.#tellsDevice && this.#tellsAttribution) return all;
    const { browser, devices, source, campaign, ...known } = all;
    if (this.#tellsDevice) Object.assign(known, { browser, devices });
    if (this.#tellsAttribution) Object.assign(known, { source }, campaign !== undefined && { campaign });
    return known;
  }

  #location(name: string): unknown {
    const { form, headers } = this.request;
    const isTold = name === 'referrer' ? headers.referer !== undefined : OF_URL[form].has(name);
    return isTold ? this.#facts.location.get(name) : undefined;
  }

  #visitor(name: string): unknown {
    if (OF_USER_AGENT.has(name) && !this.#tellsDevice) return undefined;
    if (OF_ATTRIBUTION.has(name) && !this.#tellsAttribution) return undefined;
    return this.#facts.visitor.get(name);
  }

  get #tellsDevice(): boolean {
    return this.request.headers['user-agent'] !== undefined;
  }

  get #tellsAttribution(): boolean {
    return this.request.form !== 'unknown' || this.request.headers.referer !== undefined;
  }
}
