/** Checks the options of `createConvert()`, and fills in their defaults. */
import { consentCheck } from '../consent/option-check.js';
import { bucketingCheck } from '../engine/bucketing-check.js';
import { endpointProblem } from '../project/endpoints.js';
import { ConvertError } from '../utils/errors.js';
import { safeLogger, type Logger, silentLogger } from '../utils/logger.js';
import {
  assertOptions,
  between,
  type Check,
  cookieName,
  either,
  flag,
  fn,
  given,
  longSecret,
  matching,
  oneOf,
  secret,
  secrets,
  shape,
  text,
  withMethods,
} from '../utils/option-checks.js';
import { assertNoConflicts } from './conflicts.js';
import { ownOptions } from './own-options.js';
import { SDK_OPTIONS } from './sdk-options.js';
import type { ConvertOptions, ResolvedOptions } from './types.js';
import { ownProperties } from '../utils/objects.js';

const DAY = 24 * 60 * 60 * 1000;

export const store = either(
  'a store (memoryStore(), redisStore({ url }), ..., or an object with get and set)',
  withMethods('', 'read', 'commit', 'delete'),
  withMethods('', 'get', 'set'),
);
const anyObject: Check = (value, path) =>
  typeof value === 'object' && value !== null ? [] : [`option \`${path}\` must be an object`];
const headerName = matching(
  "the name of a header of the cache's own (letters, digits and !#$%&'*+-.^_`|~), not the header Cookie itself",
  /^(?!cookie$)[\w!#$%&'*+.^`|~-]+$/i,
);
const hostName = matching('a host name, such as shop.example', /^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i);

/** Refuses `strict` with its reason: other cookies often have it, so that it looks like the safer choice. */
const sameSite: Check = (value, path) =>
  value === 'strict'
    ? [
        `option \`${path}\` can not be 'strict': browsers leave such a cookie out if a visitor comes by a link from` +
          " another site, so that each of these links would draw a new visitor over the old one; use 'lax'",
      ]
    : oneOf('lax', 'none')(value, path);

const cookieFields = {
  name: cookieName,
  domain: hostName,
  maxAge: between(1, 400 * 24 * 60 * 60, 'seconds'),
  sameSite,
  secure: flag,
  partitioned: flag,
};
/** A regular expression may come from another realm, as in Jest or the module `vm`, where `instanceof` is false. */
const pattern: Check = (value, path) =>
  Object.prototype.toString.call(value) === '[object RegExp]'
    ? []
    : [`option \`${path}\` must be a regular expression (given ${given(value)})`];
/**
 * Makes a check for an option that is one of `flags`, or an object with the options of a cookie. A problem in the
 * object is reported with the name of the field.
 */
function cookieOr(flags: readonly boolean[], fields: Readonly<Record<string, Check>>): Check {
  const fieldsOf = shape(fields);
  const meant = `${flags.join(', ')} or { ${Object.keys(fields).join(', ')} }`;
  return (value, path) => {
    if (flags.some((flag) => flag === value)) return [];
    if (typeof value === 'object' && value !== null) return fieldsOf(value, path);
    return [`option \`${path}\` must be ${meant} (given ${given(value)})`];
  };
}
const cookieOptions = shape({
  ...cookieFields,
  accept: pattern,
  signed: cookieOr([true, false], { name: cookieName }),
});
/** Accepts false, too. A problem in an object is reported with the name of the field. */
function orFalse(check: Check): Check {
  return (value, path) => (value === false ? [] : check(value, path));
}
/** Makes a check for a text that can be the base address of the endpoint `option`. */
function endpoint(option: 'endpoints.config' | 'endpoints.track'): Check {
  return (value, path) => {
    const wrong = text(value, path);
    if (wrong.length > 0) return wrong;
    const problem = endpointProblem(option, value as string);
    return problem === undefined ? [] : [`option ${option} ${problem}`];
  };
}

const { maxAge: _forever, ...sessionFields } = cookieFields;

const check = shape(
  {
    sdkKey: text,
    sdkKeySecret: secret,
    environment: text,
    project: either('a config object, the path of a JSON file, or a source', text, anyObject),
    projectCache: either(
      'the path of a folder, or a cache, such as redisProjectCache(client)',
      text,
      withMethods('', 'read', 'write'),
    ),
    debugToken: secret,
    network: shape({ cacheLevel: oneOf('default', 'low') }, [], SDK_OPTIONS),
    maxConfigBytes: between(64 * 1024, 2 ** 28, 'bytes'),
    refreshInterval: between(1_000, DAY, 'milliseconds'),
    readyTimeout: between(0, 60_000, 'milliseconds'),
    engine: withMethods('an engine, such as sdkEngine(ConvertSDK)', 'load'),
    visitor: shape({
      id: fn,
      cookie: orFalse(cookieOptions),
      fingerprint: shape({ secret: longSecret }, ['secret']),
    }),
    session: cookieOr([false], sessionFields),
    consent: consentCheck,
    privacySignals: oneOf('project', 'always', 'never'),
    properties: shape({ location: fn, visitor: fn, vocabulary: oneOf('readable', 'convert') }),
    // Which names and objects `geo` may have is checked where they are looked up.
    geo: either(
      'the name of a platform, a map of headers, a reader, a function or a list',
      text,
      fn,
      anyObject,
    ),
    acceptClientHints: either("true, false or 'critical'", flag, oneOf('critical')),
    bots: either("'original', 'include' or a function", oneOf('original', 'include'), fn),
    store,
    maxStateBytes: between(4 * 1024, 16 * 1024 * 1024, 'bytes'),
    storeTimeout: between(0, 60_000, 'milliseconds'),
    storeCache: either(
      'false, or { age, max }',
      oneOf(false),
      shape({ age: between(0, 60_000, 'milliseconds'), max: between(1, 1_000_000, 'visitors') }),
    ),
    assignmentCookie: cookieOr([true, false], cookieFields),
    secrets,
    delivery: orFalse(
      shape({
        spool: either(
          'the path of a folder, or { path, maxBytes }',
          text,
          shape({ path: text, maxBytes: between(64 * 1024, 2 ** 40, 'bytes') }, ['path']),
        ),
        outbox: fn,
        maxQueueBytes: between(64 * 1024, 2 ** 40, 'bytes'),
        linger: between(0, 60_000, 'milliseconds'),
        timeout: between(1, 10 * 60_000, 'milliseconds'),
        enrichData: flag,
      }),
    ),
    transport: either(
      "'node', 'fetch', or an agent of node:http",
      oneOf('node', 'fetch'),
      withMethods('', 'addRequest'),
    ),
    endpoints: shape({ config: endpoint('endpoints.config'), track: endpoint('endpoints.track') }),
    responseCache: shape({ cookie: cookieName, header: headerName }),
    preview: either("true, false, 'signed' or a function", flag, oneOf('signed'), fn),
    previewCookie: cookieOr([true, false], sessionFields),
    uiRules: flag,
    strictSdk: flag,
    bucketing: bucketingCheck,
    skip: fn,
    shutdown: oneOf('signals'),
    waitUntil: fn,
    logger: either('an object with error and warn, or false', oneOf(false), withMethods('', 'error', 'warn')),
  },
  [],
  SDK_OPTIONS,
);

/**
 * Checks the options, and fills in defaults, also those from environment variables.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` that names every wrong option
 */
export function resolveOptions(
  options: ConvertOptions = {},
  env: Readonly<Record<string, string | undefined>> = typeof process === 'object' ? process.env : {},
): ResolvedOptions {
  if (typeof options === 'string')
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      "the options must be an object, such as { sdkKey: '10035569/10034190' } (given a text)",
    );
  const set = ownOptions(options);
  assertOptions(check, set);
  assertNoConflicts(set);
  const { logger, environment, storeTimeout, ...rest } = set;
  return ownProperties({
    ...fromEnvironment(set, env),
    ...rest,
    environment: environment ?? (env.CONVERT_ENVIRONMENT || 'staging'),
    storeTimeout: storeTimeout ?? 50,
    logger: safeLogger(logger === false ? silentLogger : (logger ?? consoleLogger)),
  });
}

function fromEnvironment(
  set: ConvertOptions,
  env: Readonly<Record<string, string | undefined>>,
): Pick<ConvertOptions, 'sdkKey' | 'sdkKeySecret' | 'project'> {
  if (set.sdkKey !== undefined || set.project !== undefined) return {};
  return {
    ...(env.CONVERT_SDK_KEY && { sdkKey: env.CONVERT_SDK_KEY }),
    // A secret belongs to its key: the secret from the environment is not used with a key of the options.
    ...(env.CONVERT_SDK_KEY && env.CONVERT_SDK_KEY_SECRET && { sdkKeySecret: env.CONVERT_SDK_KEY_SECRET }),
    ...(env.CONVERT_PROJECT_FILE && { project: env.CONVERT_PROJECT_FILE }),
  };
}

const consoleLogger: Logger = {
  // eslint-disable-next-line no-console -- the default place where an operator looks
  error: (message) => console.error(message),
  // eslint-disable-next-line no-console
  warn: (message) => console.warn(message),
  // eslint-disable-next-line no-console
  info: (message) => console.info(message),
};
