/** `oursPrivacy()`: decisions of an assignment endpoint, for the same adapters that mount a Convert. */
import { type Consent, consentModes, consentReader } from '../consent/consent.js';
import { consentCheck } from '../consent/option-check.js';
import type { IncomingRequest } from '../model/http.js';
import { validCookieNamed } from '../request/cookies.js';
import { callAppFunction } from '../utils/app-callback.js';
import { bindMethods } from '../utils/detached-methods.js';
import type { ConvertError } from '../utils/errors.js';
import { type Logger, oncePerCode, safeLogger, silentLogger } from '../utils/logger.js';
import {
  assertOptions,
  between,
  type Check,
  cookieName,
  either,
  fn,
  given,
  oneOf,
  secret,
  shape,
  withMethods,
} from '../utils/option-checks.js';
import { logError, logWarning, warnOnceOn } from '../utils/operator-log.js';
import { OursEndpoint } from './endpoint.js';
import { RequestOursContext } from './ours-context.js';
import type { OursServices } from './services.js';
import type { OursPrivacy, OursPrivacyOptions, OursStats } from './types.js';

const ENDPOINT = 'https://api.oursprivacy.com/api/v1';
const COOKIE = '_ours_user';
const TIMEOUT = 150;
/** Milliseconds for an event: no page need wait for it, and it is lost if it is cut off. */
const TRACK_TIMEOUT = 2_000;

/** An id that the endpoint may know: anybody can send any cookie. */
const VISITOR_ID = /^[\x21-\x7e]{1,256}$/;

const address: Check = (value, path) =>
  typeof value === 'string' && URL.canParse(value) && /^https?:/.test(value)
    ? []
    : [`option \`${path}\` must be an http or https address (given ${given(value)})`];

const onlyBlock: Check = (value, path) => {
  const wrong = consentCheck(value, path);
  if (wrong.length > 0) return wrong;
  const [mode] = consentModes(value as never).filter((each) => each !== 'block');
  return mode === undefined ? [] : [`option \`${path}.mode\` must be 'block', or left out (given '${mode}')`];
};

const CHECK = shape(
  {
    token: secret,
    trackToken: secret,
    endpoint: address,
    timeout: between(10, 10_000, 'milliseconds'),
    visitorCookie: cookieName,
    visitorId: fn,
    consent: onlyBlock,
    logger: either('a logger, or false', withMethods('a logger', 'error', 'warn'), oneOf(false)),
    fetch: fn,
  },
  ['token'],
);

/**
 * Takes decisions from the assignment endpoint of Ours Privacy, or of a server that speaks like it (`assignmentRoutes`
 * of `convert-middleware/assignment`). Mount it as a Convert is mounted: it puts an `OursContext` at `req.ours`.
 *
 * The visitor id comes from the cookie of their Web SDK. Without one, nobody is assigned: an id that only the server
 * knows would be another visitor for the browser. Source: https://docs.oursprivacy.com/docs/experimentation
 *
 * @example
 * ```js
 * app.use(convertMiddleware(oursPrivacy({ token: process.env.EXPERIMENT_TOKEN })));
 * app.get('/', async (req, res) => res.send(page(await req.ours.assign('checkout_redesign'))));
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function oursPrivacy<Raw = unknown>(options: OursPrivacyOptions<Raw>): OursPrivacy {
  assertOptions(CHECK, options);
  return new OursPrivacyInstance(options);
}

class OursPrivacyInstance implements OursPrivacy {
  readonly as = 'ours';
  readonly logger: Logger;
  readonly #services: OursServices;
  readonly #calls = new Map<string, number>();

  constructor(options: OursPrivacyOptions) {
    bindMethods(this);
    const logger = options.logger === false ? silentLogger : safeLogger(options.logger ?? console);
    this.logger = logger;
    const { timeout = TIMEOUT, fetch: send = (url, init) => fetch(url, init) } = options;
    this.#services = {
      endpoint: new OursEndpoint(options.endpoint ?? ENDPOINT, send, logger),
      token: options.token,
      trackToken: options.trackToken,
      timeout,
      trackTimeout: Math.max(timeout, TRACK_TIMEOUT),
      newId: () => crypto.randomUUID(),
      consent: consentOf(options, logger),
      visitorId: visitorIdOf(options, logger),
      count: (what) => void this.#calls.set(what, (this.#calls.get(what) ?? 0) + 1),
      warnOfSharing: warnOfSharing(logger),
      tellOfMistake: tellOfMistake(logger),
    };
  }

  open(...[request, response]: Parameters<OursPrivacy['open']>): RequestOursContext {
    return new RequestOursContext(this.#services, request, response);
  }

  stats(): OursStats {
    const { assign, personalizations, track } = this.#services.endpoint.pauses;
    const pause = {
      assign: Math.round(assign),
      personalizations: Math.round(personalizations),
      track: Math.round(track),
    };
    return { calls: Object.fromEntries(this.#calls), pause };
  }
}

function consentOf({ consent }: OursPrivacyOptions, logger: Logger): (request: IncomingRequest) => Consent {
  if (consent === undefined) return () => 'granted';
  const once = oncePerCode();
  const onError = (error: ConvertError): void => once(error.message, () => logError(logger, error));
  const reader = consentReader(consent, onError);
  return (request) => reader.read(request).answer;
}

function visitorIdOf(
  { visitorId, visitorCookie = COOKIE }: OursPrivacyOptions,
  logger: Logger,
): (request: IncomingRequest) => string | undefined {
  const valid = (id: string): string | undefined => (VISITOR_ID.test(id) ? id : undefined);
  if (visitorId === undefined) {
    const cookie = validCookieNamed(visitorCookie);
    return (request) => cookie(request, valid);
  }
  const once = oncePerCode();
  const call = {
    option: 'visitorId',
    otherwise: 'so that the visitor is not assigned',
    onError: (error: ConvertError): void => once(error.message, () => logError(logger, error)),
  };
  return ({ raw }) => {
    const answer = callAppFunction(visitorId, raw, call);
    return typeof answer === 'string' || typeof answer === 'number' ? valid(String(answer)) : undefined;
  };
}

function tellOfMistake(logger: Logger): (error: unknown) => void {
  const once = oncePerCode();
  return (error) => {
    const why = error instanceof Error ? error.message : typeof error;
    const message = `Ours Privacy: what the app has handed over can not be sent: ${why}`;
    once('', () => logWarning(logger, 'CONVERT_OURS_REFUSED', message, 'error'));
  };
}

function warnOfSharing(logger: Logger): () => void {
  const warnOnce = warnOnceOn(logger);
  return () =>
    warnOnce(
      'CONVERT_SHARED_RESPONSE',
      'Ours Privacy: the headers of a response that uses the visitor let a shared cache store it,' +
        " which hands one visitor's page to all. Write `Cache-Control: private, max-age=60` (or no header)," +
        ' and no header for a CDN',
    );
}
