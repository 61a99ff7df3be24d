/**
 * Finds the visitor of a request, by the app's own id, the cookie, a fingerprint or a new id, and checks first that the
 * request comes from no bot and that the visitor has consented.
 */
import { type ConsentAnswer, UNANSWERED, UNASKED } from '../consent/answer.js';
import {
  type Consent,
  type ConsentBy,
  consentMode,
  type ConsentMode,
  type ConsentOption,
  consentReader,
} from '../consent/consent.js';
import type { SignalReader } from '../consent/privacy-signals.js';
import type { IncomingRequest } from '../model/http.js';
import { type IdOrigin, type StoreKeys, storeKeys } from '../model/store-key.js';
import { callAppFunction, type RequestFunction } from '../utils/app-callback.js';
import { ConvertError } from '../utils/errors.js';
import { botCheck, type BotsOption } from './bot-check.js';
import { type CookieAlias, aliasCookie, type AliasCookie } from './cookies/alias-cookie.js';
import {
  assignmentCookie,
  type AssignmentCookie,
  type AssignmentCookieOptions,
} from './cookies/assignment-cookie.js';
import { sessionCookie, type SessionCookie, type SessionCookieOptions } from './cookies/session-cookie.js';
import { visitorCookie, type VisitorCookie, type VisitorCookieOptions } from './cookies/visitor-cookie.js';
import { fingerprint, newUuid } from './visitor-id.js';

export interface VisitorOptions<Raw = unknown> {
  /**
   * The id of a logged-in user or a known device, from the framework's own request object. The id goes before the
   * cookie, decides the variation and is sent to Convert as it is, and switches bot detection off for the request.
   * null, undefined or '': the app has no id for the request. Default: none.
   */
  id?: RequestFunction<Raw, string | number | null | undefined>;
  /** The cookie that keeps the id of a visitor without an app id. */
  cookie?: VisitorCookieOptions;
  /**
   * Identifies clients that bring neither an app id nor the cookie by an HMAC of ip, user agent and language, instead
   * of a new id. No cookie is set for them. Such an id is unstable: it changes with the client's address or browser
   * version, and like clients behind one address share it. Default: off.
   */
  fingerprint?: { secret: string };
}

/** The reason why a visitor does not take part. */
export type ExcludedReason = 'bot' | 'consent';

export interface Visitor {
  /** '' if `excludedBy` is set. */
  readonly id: string;
  readonly origin: IdOrigin;
  readonly consent: Consent;
  readonly consentBy: ConsentBy;
  /** Set if the visitor gets the original page. */
  readonly excludedBy: ExcludedReason | undefined;
  /** What happens with decisions: `enrol` stores and sends them, `silent` does neither, `hold` defers both. */
  readonly mode: 'enrol' | 'silent' | 'hold';
  /** Set if consent is denied: the cookies and the state that have to be deleted. */
  readonly withdrawn: Withdrawal | undefined;
  /** Set if the device is going to take over another id, or does so now. */
  readonly alias?: CookieAlias | undefined;
}

/** Cookies and ids of a visitor who has denied consent, which have to be deleted. */
export interface Withdrawal {
  /** True if the request brings the identity cookie, which has to be expired. */
  readonly cookie: boolean;
  /** True if the request brings the cookie with the id that the device is to take over. */
  readonly alias: boolean;
  /** True if the request brings the cookie of assignments. */
  readonly assignments: boolean;
  /** True if the request brings the cookie of the session. */
  readonly session: boolean;
  /** The id in the identity cookie, whose state has to be deleted; undefined if there is none. */
  readonly cookieId: string | undefined;
  /** The fingerprint, whose state has to be deleted; undefined if the option `fingerprint` is off. */
  readonly fingerprint: string | undefined;
  /** The app's own id, whose recorded consent and deferred events have to be deleted; undefined if there is none. */
  readonly appId: string | undefined;
}

export interface VisitorReader {
  readonly cookie: VisitorCookie;
  readonly alias: AliasCookie;
  /** The assignment cookie; undefined if the option is off. */
  readonly assignments: AssignmentCookie | undefined;
  /** The session cookie; undefined if the option is off. */
  readonly sessions: SessionCookie | undefined;
  readonly storeKeys: StoreKeys;
  readonly consentConfigured: boolean;
  readonly identify: (request: IncomingRequest) => Visitor;
}

export interface VisitorReaderOptions {
  visitor?: VisitorOptions;
  consent?: ConsentOption;
  /** Reads privacy signals, which are asked before `consent`. Default: none. */
  signals?: SignalReader;
  bots?: BotsOption;
  assignmentCookie?: boolean | AssignmentCookieOptions;
  session?: false | SessionCookieOptions;
  /** Secrets of the assignment cookie, the newest first. */
  secrets?: string | readonly string[];
  onError: (error: ConvertError) => void;
  /** Called with messages for the operator. Default: they are dropped. */
  warn?: (message: string) => void;
}

/** App ids over this length are a mistake (a token, a document), not an id. */
const MAX_APP_ID = 256;

export function visitorReader(options: VisitorReaderOptions): VisitorReader {
  const { visitor = {}, consent, signals, bots = 'original', onError, warn = () => undefined } = options;
  const cookie = visitorCookie(visitor.cookie);
  const alias = aliasCookie(visitor.cookie);
  const assignments = assignmentsOf(options);
  const sessions = options.session === false ? undefined : sessionCookie(options.session, visitor.cookie);
  const isBot = botCheck(bots, onError, warn);
  const mode = consentMode(consent);
  const reader = consent === undefined ? undefined : consentReader(consent, onError);
  const askId = visitor.id;
  const question = { option: 'visitor.id', otherwise: 'the cookie is used instead', onError };
  const secret = visitor.fingerprint?.secret;

  const appId = (request: IncomingRequest): string | undefined => {
    if (askId === undefined) return undefined;
    const id = callAppFunction(askId, request.raw, question);
    if (id === null || id === undefined || id === '') return undefined;
    if (typeof id === 'string' && id.length <= MAX_APP_ID) return id;
    if (typeof id === 'number' && Number.isFinite(id)) return String(id);
    const returned = typeof id === 'string' ? 'a longer string' : Array.isArray(id) ? 'an array' : typeof id;
    onError(
      new ConvertError(
        'CONVERT_CALLBACK',
        `\`visitor.id\` must return a string of at most ${MAX_APP_ID} characters, a number, null or undefined` +
          ` (returned ${returned}); the cookie is used instead`,
      ),
    );
    return undefined;
  };

  const saidBy = (request: IncomingRequest): ConsentAnswer => {
    const signal = signals?.(request);
    if (signal?.answer === 'denied' && !signal.provisional) return signal;
    const said = reader?.read(request) ?? UNASKED;
    // A signal that may be no denial does not outweigh a denial of the visitor's own.
    return signal === undefined || said.answer === 'denied' ? said : signal;
  };

  return {
    cookie,
    alias,
    assignments,
    sessions,
    storeKeys: storeKeys(askId !== undefined),
    consentConfigured: reader !== undefined,
    identify(request) {
      const own = appId(request);
      if (own === undefined && isBot(request)) return excludedVisitor('bot', UNANSWERED, undefined);

      const said = saidBy(request);
      const { answer } = said;
      if (answer !== 'granted') {
        const withdrawn =
          answer === 'denied' && !said.provisional
            ? {
                cookie: cookie.present(request),
                alias: alias.present(request),
                assignments: assignments?.present(request) === true,
                session: sessions?.present(request) === true,
                cookieId: cookie.read(request),
                fingerprint: secret === undefined ? undefined : fingerprint(request, secret),
                appId: own,
              }
            : undefined;
        const without = allowedWithout(mode, answer);
        // Without consent there is no cookie of ours, so only the app's own id is the same on the next page.
        if (without === undefined || own === undefined) return excludedVisitor('consent', said, withdrawn);
        const given = { consent: answer, consentBy: said.by };
        return { id: own, origin: 'app', ...given, excludedBy: undefined, mode: without, withdrawn };
      }
      if (own !== undefined) return consentingVisitor(said, own, 'app');
      const known = cookie.read(request);
      const next = alias.read(request, known);
      const id = next?.state === 'due' ? next.id : known;
      if (id !== undefined) return consentingVisitor(said, id, 'cookie', next);
      if (secret !== undefined) return consentingVisitor(said, fingerprint(request, secret), 'fingerprint');
      return consentingVisitor(said, newUuid(), 'generated');
    },
  };
}

function assignmentsOf({
  assignmentCookie: given,
  secrets,
  visitor,
}: VisitorReaderOptions): AssignmentCookie | undefined {
  if (!given || secrets === undefined) return undefined;
  return assignmentCookie(secrets, given === true ? {} : given, visitor?.cookie);
}

function consentingVisitor(
  { by }: ConsentAnswer,
  id: string,
  origin: IdOrigin,
  alias?: CookieAlias,
): Visitor {
  return {
    id,
    origin,
    consent: 'granted',
    consentBy: by,
    excludedBy: undefined,
    mode: 'enrol',
    withdrawn: undefined,
    alias,
  };
}

function excludedVisitor(
  excludedBy: ExcludedReason,
  { answer, by }: ConsentAnswer,
  withdrawn: Withdrawal | undefined,
): Visitor {
  return {
    id: '',
    origin: 'generated',
    consent: answer,
    consentBy: by,
    excludedBy,
    mode: 'silent',
    withdrawn,
  };
}

/** The mode of a visitor who has not granted consent; undefined excludes them. `hold` ends with a denial. */
function allowedWithout(mode: ConsentMode | undefined, answer: Consent): 'silent' | 'hold' | undefined {
  if (mode === 'silent') return 'silent';
  return mode === 'hold' && answer === 'unknown' ? 'hold' : undefined;
}
