/** Follows the preview that a request asks for, by a link in its URL or by the preview cookie, if the app allows it. */
import { type PreviewMarkOptions, previewMark } from '../bridge/preview-mark.js';
import type { PreviewDecision } from '../engine/types.js';
import type { PreviewCookie } from '../identity/cookies/preview-cookie.js';
import {
  MAX_PREVIEW_TEXT,
  type PreviewSigner,
  type SignedPreviews,
} from '../identity/cookies/preview-signer.js';
import type { Visitor } from '../identity/visitor-identity.js';
import type { IncomingRequest, OutgoingResponse, ResponseHead } from '../model/http.js';
import type { Preview } from '../model/preview.js';
import { headerOf, parameterOfProject, type ProjectNames } from '../model/project-names.js';
import { exitTarget, PREVIEW_EXIT, PREVIEW_PARAMETER, previewIds, previewValue } from '../request/preview.js';
import type { RequestFunction } from '../utils/app-callback.js';
import { saysYes } from './app-answers.js';
import type { Drafts, LoadedProject, Runtime } from './runtime.js';
import { keepFromCaches } from './shared-response.js';
import { sharedVisitorOf } from './shared-visitor.js';

/** The option `preview`. */
export type PreviewOption = boolean | 'signed' | RequestFunction<unknown, boolean> | undefined;

/** Parts for previews that all requests of one Convert share. */
export interface PreviewServices {
  readonly option: PreviewOption;
  /** Undefined without `secrets`: then no link is signed. */
  readonly signer: PreviewSigner | undefined;
  /** Undefined if the option `previewCookie` is off. */
  readonly cookie: PreviewCookie | undefined;
  /** The names of an app with several projects; undefined for those of an app with one. */
  readonly names: ProjectNames | undefined;
}

/**
 * The URL parameter of links that this Convert makes. Links of Convert's form have `convert_preview` for any project:
 * the ids in them tell whose they are.
 */
export const parameterOf = ({ names }: Pick<PreviewServices, 'names'>): string =>
  names?.project === undefined ? PREVIEW_PARAMETER : parameterOfProject(PREVIEW_PARAMETER, names.project);

/** True if some previews may show drafts: those of signed links, and those that a function of the app allows. */
export const showsDrafts = ({ option, signer }: PreviewServices): boolean =>
  typeof option === 'function' || (option !== false && signer !== undefined);

/** The decisions that a preview shows, by experience key. */
export type Previews = ReadonlyMap<string, PreviewDecision>;

/** The header of a page that shows a preview: the ids that are shown, as in `3002.300202`; `none` or `expired`. */
export const PREVIEW_HEADER = 'X-Convert-Preview';

/** Milliseconds for which the cookie keeps what a link shows that has no end of its own. */
const COOKIE_AGE = 24 * 60 * 60 * 1000;

/** The variations that a request asks to see, by its link or by the preview cookie. */
interface Asked {
  readonly previews: readonly Preview[];
  readonly from: 'link' | 'cookie';
  /** The URL parameter that a link out of the preview has to leave out, or to turn off. */
  readonly parameter: string;
  /** True if the link was made by `previewLink` of this app. */
  readonly isSigned: boolean;
  /** Undefined for a link of Convert's form, which has no end. */
  readonly expires: number | undefined;
}

/** `exit`: the request leaves the preview of a cookie, or its cookie does not count (any more). */
type Wish = Asked | 'exit';

/**
 * Returns the preview that a request asks for; null for nearly all requests. A link counts on GET and HEAD only: a form
 * that is sent from its page is a visit like any other. The cookie counts on all requests, so that a form leaves no
 * trace there.
 */
export function requestedPreview(
  runtime: Runtime,
  services: PreviewServices,
  request: IncomingRequest,
  response: OutgoingResponse,
): RequestedPreview | null {
  const wish = services.option === false ? undefined : wishIn(runtime, services, request);
  return wish === undefined ? null : new RequestedPreview(runtime, services, request, response, wish);
}

function wishIn(runtime: Runtime, services: PreviewServices, request: IncomingRequest): Wish | undefined {
  const { cookie } = services;
  const parameter = parameterOf(services);
  const value = previewValue(request.url, MAX_PREVIEW_TEXT + 1, parameter);
  if (cookie !== undefined && value === PREVIEW_EXIT) return 'exit';
  const isPage = request.method === 'GET' || request.method === 'HEAD';
  const link = isPage ? linkIn(services, request, value) : undefined;
  if (link !== undefined || cookie?.present(request) !== true) return link;
  const kept = cookie.read(request);
  const counts =
    kept !== undefined && kept.expires > runtime.now() && (kept.kind === 'signed' || takesPlain(services));
  return counts ? asked(kept, 'cookie', parameter) : 'exit';
}

/** `value` is the one of the project's own parameter; undefined if the URL has none. */
function linkIn(
  services: PreviewServices,
  request: IncomingRequest,
  value: string | undefined,
): Asked | undefined {
  const parameter = parameterOf(services);
  if (value !== undefined) return linkOf(services, value, parameter);
  if (services.names === undefined) return undefined;
  const shared = previewValue(request.url, MAX_PREVIEW_TEXT + 1);
  // What is signed in the parameter of another project is its own.
  return shared === undefined ? undefined : plainLink(services, shared, PREVIEW_PARAMETER);
}

function linkOf(services: PreviewServices, value: string, parameter: string): Asked | undefined {
  const signed = services.signer?.read(value);
  return signed?.kind === 'link' ? asked(signed, 'link', parameter) : plainLink(services, value, parameter);
}

function plainLink(services: PreviewServices, value: string, parameter: string): Asked | undefined {
  const plain = takesPlain(services) ? previewIds(value) : undefined;
  return plain && { previews: [plain], from: 'link', parameter, isSigned: false, expires: undefined };
}

const asked = (
  { previews, kind, expires }: SignedPreviews,
  from: Asked['from'],
  parameter: string,
): Asked => ({ previews, from, parameter, isSigned: kind !== 'plain', expires });

const takesPlain = ({ option }: PreviewServices): boolean => option !== 'signed';

/** A preview that is followed: nothing of its request is stored or sent. */
export interface FollowedPreview {
  /** Empty if no such variation was found, or if the link has expired. */
  readonly decisions: Previews;
}

/** The preview that one request asks for. */
export class RequestedPreview {
  /** The answer of the app's function before the handler ran; undefined if it was not asked then. */
  #early: boolean | undefined;
  /** Drafts that were found before the handler ran. */
  readonly #drafts = new Map<Preview, PreviewDecision>();
  #followed: FollowedPreview | undefined;
  #isListening = false;
  readonly #lines: string[] = [];

  constructor(
    private readonly runtime: Runtime,
    private readonly services: PreviewServices,
    private readonly request: IncomingRequest,
    private readonly response: OutgoingResponse,
    private readonly wish: Wish,
  ) {}

  /**
   * Looks for the drafts that are asked for, before the handler runs, if the project config does not hold them. Convert
   * is asked only if the link is signed, or if a function of the app allows it.
   */
  async findDrafts(drafts: Drafts): Promise<void> {
    const { wish } = this;
    const { project } = this.runtime;
    if (!project || wish === 'exit' || this.#isExpired) return;
    const missing = wish.previews.filter((each) => project.engine.preview(each) === undefined);
    const { option } = this.services;
    if (missing.length === 0 || (typeof option !== 'function' && !wish.isSigned)) return;
    if (typeof option === 'function') this.#early = this.#saysYes(option);
    if (this.#early === false) return;
    await Promise.all(
      missing.map(async (each) => {
        const draft = await drafts.find(each);
        if (draft !== undefined) this.#drafts.set(each, draft);
      }),
    );
  }

  /**
   * Follows the preview; undefined if that is not allowed. A visitor without consent may see one, since it names
   * nobody; a bot may not. If nothing is found, a link of Convert's form is like none. But a signed link, even an
   * expired one, and a yes of the app's function mean that somebody is there for a preview: they must not be enrolled
   * elsewhere.
   */
  follow({ excludedBy }: Pick<Visitor, 'excludedBy'>, project: LoadedProject): FollowedPreview | undefined {
    if (this.wish === 'exit') this.#listen();
    if (this.wish === 'exit' || excludedBy === 'bot' || !this.#isAllowed()) return undefined;
    const decisions = this.#decisions(this.wish, project);
    const { option } = this.services;
    if (decisions.size === 0 && !this.wish.isSigned && typeof option !== 'function') return undefined;
    if (this.#early === false && decisions.size < this.wish.previews.length) warnOfLateAnswer(this.runtime);
    this.#followed = { decisions };
    this.#listen();
    return this.#followed;
  }

  /** Has the cookie set or removed, also if the handler never asks for the visitor. */
  keep(): void {
    if (this.services.cookie !== undefined) this.#listen();
  }

  /** The mark for the page; '' if it shows no preview. */
  mark(options: PreviewMarkOptions | undefined): string {
    if (this.#followed === undefined) return '';
    const shown = [...this.#followed.decisions].map(([key, { variation }]) => [key, variation?.key ?? '']);
    const parameter = this.wish === 'exit' ? parameterOf(this.services) : this.wish.parameter;
    const exit = exitTarget(this.request.url, this.services.cookie !== undefined, parameter);
    const variations = Object.fromEntries(shown) as Record<string, string>;
    const before = sharedVisitorOf(this.request)?.marksBefore(this) ?? 0;
    return previewMark({ variations, isExpired: this.#isExpired, exit, before }, options);
  }

  get #isExpired(): boolean {
    const { wish } = this;
    return wish !== 'exit' && wish.expires !== undefined && wish.expires <= this.runtime.now();
  }

  /** A function of the app is asked again after a no: authentication may have run since. */
  #isAllowed(): boolean {
    const { option } = this.services;
    return typeof option !== 'function' || this.#early === true || this.#saysYes(option);
  }

  #saysYes(option: RequestFunction<unknown, boolean>): boolean {
    return saysYes(this.runtime, this.request, 'preview', option);
  }

  #decisions({ previews }: Asked, { engine }: LoadedProject): Previews {
    const decisions = new Map<string, PreviewDecision>();
    if (this.#isExpired) return decisions;
    for (const each of previews) {
      const decision = engine.preview(each) ?? this.#drafts.get(each);
      if (decision !== undefined) decisions.set(decision.experienceKey, decision);
    }
    return decisions;
  }

  #listen(): void {
    if (this.#isListening || this.response.headersSent) return;
    this.#isListening = true;
    this.response.onHead((head) => this.#write(head));
  }

  #write(head: ResponseHead): void {
    for (const line of this.#lines.splice(0)) head.removeCookie(line);
    this.#lines.push(...this.#cookieLines());
    if (this.#followed === undefined && this.#lines.length === 0) return;
    keepFromCaches(head);
    for (const line of this.#lines) head.appendCookie(line);
    const { names } = this.services;
    if (this.#followed !== undefined)
      head.setHeader(headerOf(PREVIEW_HEADER, names), this.#headerText(this.#followed));
  }

  #headerText({ decisions }: FollowedPreview): string {
    if (this.#isExpired) return 'expired';
    const ids = [...decisions.values()].map(({ variation }) => `${variation?.experienceId}.${variation?.id}`);
    return ids.join(', ') || 'none';
  }

  /** The lines that set or remove the preview cookie. */
  #cookieLines(): readonly string[] {
    const { request, wish } = this;
    const { cookie } = this.services;
    if (cookie === undefined) return [];
    if (wish === 'exit') return cookie.present(request) ? cookie.expire(request) : [];
    const { previews, isSigned, expires = this.runtime.now() + COOKIE_AGE } = wish;
    if (wish.from === 'cookie' || request.method !== 'GET' || !this.#isShown(wish)) return [];
    return [cookie.issue({ kind: isSigned ? 'signed' : 'plain', previews, expires }, request)];
  }

  /** True if the preview is worth a cookie, whether or not the handler has asked for the visitor. */
  #isShown(wish: Asked): boolean {
    if (this.#isExpired) return false;
    if (this.#followed !== undefined) return this.#followed.decisions.size > 0;
    const { project } = this.runtime;
    return (
      project !== undefined && this.#isAllowed() && (wish.isSigned || this.#decisions(wish, project).size > 0)
    );
  }
}

function warnOfLateAnswer({ warnOnce }: Pick<Runtime, 'warnOnce'>): void {
  warnOnce(
    'CONVERT_MOUNTED_EARLY',
    '`preview` allows a link in the handler that it did not allow before, when a draft could have been asked for;' +
      ' mount this package after authentication (Fastify: hook `preHandler`, registered after it)',
    'preview',
  );
}
