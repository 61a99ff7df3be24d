/**
 * Finds the visitor of a request, by the app's own id, the cookie, a fingerprint or a new id, and checks first that the
 * request comes from no bot and that the visitor has consented. The file has over 300 lines since its checks stand in
 * one order, which is what keeps a visitor without consent from being identified.
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
import type { WarnOnce } from '../utils/operator-log.js';
import { botCheck, type BotsOption } from './bot-check.js';
import { type CookieAlias, aliasCookie, type AliasCookie } from './cookies/alias-cookie.js';
import { idSigner, type IdSignature, UNSIGNED } from './cookies/id-signer.js';
import {
  type ProjectCookies,
  projectCookies,
  type ProjectCookiesOptions,
} from './cookies/project-cookies.js';
import {
  cookieIdCheck,
  visitorCookie,
  type VisitorCookie,
  type VisitorCookieOptions,
} from './cookies/visitor-cookie.js';
import { fingerprinter, isFingerprint } from './fingerprint.js';
import { type OtherConverts, sharedOptions } from './other-converts.js';
import { NOTHING } from '../utils/objects.js';

/** The option `visitor`: where the id of a visitor comes from. */
export interface VisitorOptions<Raw = unknown> {
  /**
   * Returns the id of a logged-in user or a known device, from the framework's own request object. This id takes
   * precedence over the cookie, decides the variation and is sent to Convert as it is, and switches bot detection off
   * for the request. null, undefined or '': the app has no id for the request. Default: none.
   */
  id?: RequestFunction<Raw, string | number | null | undefined>;
  /**
   * The cookie that keeps the id of a visitor without an app id. False: no cookie of this package is read or set, as
   * for clients that keep none (mobile apps, partner systems). Then only visitors with an app id or a fingerprint take
   * part.
   */
  cookie?: VisitorCookieOptions | false;
  /**
   * Identifies clients that bring neither an app id nor the cookie by an HMAC of ip, user agent and language, instead
   * of a new id. No cookie is set for them. Such an id is unstable: it changes with the client's address or browser
   * version, and like clients behind one address share it. `secret` has at least 16 characters, and is never printed.
   * Default: off.
   */
  fingerprint?: { secret: string };
}

/** The reason why a visitor does not take part. */
export type ExcludedReason = 'bot' | 'consent' | 'no-identity';

export interface Visitor {
  /** The visitor id; '' if the visitor is excluded. */
  readonly id: string;
  readonly origin: IdOrigin;
  readonly consent: Consent;
  readonly consentBy: ConsentBy;
  /** Why the visitor gets the original page; undefined if the visitor takes part. */
  readonly excludedBy: ExcludedReason | undefined;
  /** What happens with decisions: `enrol` stores and sends them, `silent` does neither, `hold` defers both. */
  readonly mode: 'enrol' | 'silent' | 'hold';
  /** The cookies and the state that have to be deleted, because consent is denied; undefined if nothing has to. */
  readonly withdrawn: Withdrawal | undefined;
  /**
   * The visitor id of the user's first device, which this device is going to take over, or takes over now; undefined if
   * there is none.
   */
  readonly alias?: CookieAlias | undefined;
  /** How the id from a cookie is signed. Default `none`, also for ids of another origin. */
  readonly signature?: IdSignature | undefined;
}

/** Cookies and ids of a visitor who has denied consent, which have to be deleted. */
export interface Withdrawal {
  /** True if the request brings the visitor cookie, which has to be expired. */
  readonly cookie: boolean;
  /** True if the request brings the alias cookie, which has to be expired. */
  readonly alias: boolean;
  /** True if the request brings the assignment cookie, which has to be expired. */
  readonly assignments: boolean;
  /** True if the request brings the session cookie, which has to be expired. */
  readonly session: boolean;
  /** True if the request brings the cookie of `bridge.signal`, which has to be expired. */
  readonly variations: boolean;
  /** True if the request brings the cookie with a page's key, which has to be expired. */
  readonly key: boolean;
  /** The id in the visitor cookie, whose state has to be deleted; undefined if there is none. */
  readonly cookieId: string | undefined;
  /** The visitor's fingerprint, whose state has to be deleted; undefined if the option `fingerprint` is off. */
  readonly fingerprint: string | undefined;
  /**
   * The id that the app gives this visitor (`visitor.id`); undefined if there is none. The visitor has denied consent,
   * so in the state of this id the recorded consent has to change, and the deferred events have to be deleted.
   */
  readonly appId: string | undefined;
}

export interface VisitorReader extends ProjectCookies {
  /** False if no cookie of this package is read or set. */
  readonly usesCookies: boolean;
  readonly cookie: VisitorCookie;
  readonly alias: AliasCookie;
  readonly storeKeys: StoreKeys;
  readonly consentConfigured: boolean;
  /** The options that several Converts of one app must have alike, since they share the visitor. */
  readonly sharedOptions: Readonly<Record<string, unknown>>;
  /** Asks the app's option `visitor.id`; undefined if the app has no id for the request. */
  readonly appId: (request: IncomingRequest) => string | undefined;
  /** Reads the visitor's consent, without asking who they are. */
  readonly consentOf: (request: IncomingRequest) => ConsentAnswer;
  /** `others` is what other Converts know of the visitor of this request; undefined if there are none. */
  readonly identify: (request: IncomingRequest, others?: OtherConverts) => Visitor;
  /**
   * True if a request that another server tells of has the user agent of a bot. A function in the option `bots` is not
   * asked: it takes the framework's request.
   */
  readonly hasBotAgent: (request: IncomingRequest) => boolean;
}

export interface VisitorReaderOptions extends ProjectCookiesOptions {
  visitor?: VisitorOptions;
  consent?: ConsentOption;
  /** Reads privacy signals (`Sec-GPC`, `DNT`), which take precedence over `consent`. Default: none. */
  signals?: SignalReader;
  bots?: BotsOption;
  /** Makes the id of a new visitor. */
  newUuid: () => string;
  onError: (error: ConvertError) => void;
  /** Called with messages for the operator. Default: they are dropped. */
  warnOnce?: WarnOnce;
}

/** The most characters of an id that the app gives. A longer text is a mistake (a token, a document), not an id. */
const MAX_APP_ID = 256;

export function visitorReader(options: VisitorReaderOptions): VisitorReader {
  const { visitor = NOTHING, consent, signals, bots = 'original', onError } = options;
  const { warnOnce = () => undefined } = options;
  const { digests, newUuid } = options;
  const usesCookies = visitor.cookie !== false;
  const cookieOptions = visitor.cookie || undefined;
  const isCookieId = cookieIdCheck(cookieOptions?.accept, visitor.id !== undefined);
  const isSigned = Boolean(cookieOptions?.signed);
  const signer = isSigned && options.secrets !== undefined ? idSigner(digests, options.secrets) : UNSIGNED;
  const cookie = visitorCookie(cookieOptions, isCookieId, signer);
  const alias = aliasCookie(cookieOptions, isCookieId, signer, Date.now, options.unknownFormat);
  const { assignments, sessions, variations, keys } = projectCookies(visitor.cookie, options);
  const isBot = botCheck(bots, onError, warnOnce);
  const mode = consentMode(consent);
  const reader = consent === undefined ? undefined : consentReader(consent, onError);
  const askId = visitor.id;
  const question = { option: 'visitor.id', otherwise: 'the cookie is used instead', onError };
  const secret = visitor.fingerprint?.secret;
  const fingerprint = secret === undefined ? undefined : fingerprinter(digests, secret);

  // Nobody can sign an id of the app for themselves, so that there is nothing to warn of.
  let isWarned = isSigned;
  const ownId = (id: string): string => {
    if (!isWarned && isCookieId(id)) {
      isWarned = true;
      warnOnce(
        'CONVERT_FORGEABLE_ID',
        '`visitor.id` returned an id of a form that the visitor cookie may hold, too: whoever knows the id of such a ' +
          'user can put it into a cookie, and what they do is sent to Convert as done by that user. Give ids of the ' +
          "app a prefix that no cookie can hold, such as 'user:42', or set `visitor.cookie.signed: true`",
      );
    }
    return id;
  };

  const appId = (request: IncomingRequest): string | undefined => {
    if (askId === undefined) return undefined;
    const id = callAppFunction(askId, request.raw, question);
    if (id === null || id === undefined || id === '') return undefined;
    if (typeof id === 'string' && id.length <= MAX_APP_ID) return ownId(id);
    if (typeof id === 'number' && Number.isFinite(id)) return ownId(String(id));
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
    // A provisional or unknown signal does not outweigh a denial that `consent` has read.
    return signal === undefined || said.answer === 'denied' ? said : signal;
  };

  return {
    usesCookies,
    sharedOptions: sharedOptions(visitor),
    appId,
    consentOf: saidBy,
    cookie,
    alias,
    assignments,
    sessions,
    variations,
    keys,
    storeKeys: storeKeys(askId !== undefined, (id) => isCookieId(id) || isFingerprint(id)),
    consentConfigured: reader !== undefined,
    hasBotAgent: (request) =>
      typeof bots !== 'function' && request.headers['user-agent'] !== undefined && isBot(request),
    identify(request, others) {
      const own = appId(request);
      if (own === undefined && isBot(request)) return excludedVisitor('bot', UNANSWERED, undefined);

      const said = others === undefined ? saidBy(request) : others.answerOr(saidBy(request));
      const { answer } = said;
      if (answer !== 'granted') {
        const withdrawn =
          answer === 'denied' && !said.provisional
            ? {
                cookie: usesCookies && cookie.present(request),
                alias: usesCookies && alias.present(request),
                assignments: assignments?.present(request) === true,
                session: sessions?.present(request) === true,
                variations: variations?.present(request) === true,
                key: keys?.present(request) === true,
                cookieId: usesCookies ? cookie.read(request, signer.check())?.id : undefined,
                fingerprint: fingerprint?.(request),
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
      if (!usesCookies) {
        return fingerprint === undefined
          ? excludedVisitor('no-identity', said, undefined)
          : consentingVisitor(said, fingerprint(request), 'fingerprint');
      }
      const check = signer.check();
      const known = cookie.read(request, check);
      const next = alias.read(request, known, check);
      // Another Convert of the app has refused the cookie: its new id replaces the one of the browser.
      const isReplaced = others?.generatedId !== undefined;
      const found = isReplaced ? undefined : next?.state === 'due' ? next : known;
      if (found !== undefined) return consentingVisitor(said, found.id, 'cookie', next, found.signature);
      if (fingerprint !== undefined) return consentingVisitor(said, fingerprint(request), 'fingerprint');
      const id = others === undefined ? newUuid() : (others.generatedId ?? others.keepId(newUuid()));
      return consentingVisitor(said, id, 'generated');
    },
  };
}

/** The fields are written out: with a spread, each visitor has a hidden class of its own (bench/http: returning). */
function consentingVisitor(
  { by }: ConsentAnswer,
  id: string,
  origin: IdOrigin,
  alias?: CookieAlias,
  signature?: IdSignature,
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
    signature,
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

/**
 * Returns the mode of a visitor who has not granted consent; undefined if such a visitor is excluded. In the mode
 * `hold`, a denial excludes the visitor.
 */
function allowedWithout(mode: ConsentMode | undefined, answer: Consent): 'silent' | 'hold' | undefined {
  if (mode === 'silent') return 'silent';
  return mode === 'hold' && answer === 'unknown' ? 'hold' : undefined;
}
