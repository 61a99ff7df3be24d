/** The property at which an adapter puts the context of a request: `convert`, or one of the app's choice. */
import { type ConvertContext, isContext } from '../../context/types.js';
import type { ContextOpener, Convert } from '../../convert/types.js';
import type { Mountable } from '../../model/mountable.js';
import { ConvertError } from '../../utils/errors.js';
import { assertOptions, type Check, given, propertyName, shape } from '../../utils/option-checks.js';
import type { WarnOnce } from '../../utils/operator-log.js';
import { isOfNodeRequest } from '../node-response/node-request.js';

/** How a Convert is mounted. */
export interface MountOptions {
  /**
   * The property at which handlers find the context, for an app with more than one Convert: `convertOutlet` is
   * `req.convertOutlet`. All Converts of an app share its visitors; the project's id is in the names of all other
   * cookies of this one. Default `convert`.
   */
  as?: string;
}

const DEFAULT = 'convert';

/**
 * Names of properties that requests and Koa's contexts have already, and that well-known packages put there. The names
 * that Node's requests inherit are not in the list. A test compares the list with the frameworks.
 */
const TAKEN: ReadonlySet<string> = new Set(
  [
    'aborted accept accepts acceptsCharsets acceptsEncodings acceptsLanguages app append assert',
    'attachment authority back baseUrl body charset client compileValidationSchema complete context',
    'cookies etag file files flushHeaders fresh get getDecorator getValidationFunction has header',
    'headerSent host hostname href httpVersion httpVersionMajor httpVersionMinor id idempotent inspect ip',
    'ips is is404 lastModified length locals log mediaType message method next onerror origin originalUrl',
    'ours param params path port protocol query querystring range raw rawBody rawHeaders rawTrailers',
    'redirect remove req request res respond response route routeOptions router scheme search secret',
    'secure server session sessionID sessionStore set setDecorator settings signal signedCookies socket',
    'stale state status statusCode statusMessage stream subdomains throw toJSON type upgrade URL url user',
    'validateInput validationError vary writable xhr',
  ].flatMap((line) => line.split(' ')),
);

const property: Check = (value, path) => {
  const wrong = propertyName(value, path);
  if (wrong.length > 0) return wrong;
  const name = value as string;
  return TAKEN.has(name) || isOfNodeRequest(name)
    ? [`option \`${path}\` is '${name}', which requests have already: choose another name`]
    : [];
};

const MOUNT = shape({ as: property });

/** A Convert at its property. */
export interface ContextProperty {
  readonly as: string;
  readonly opener: ContextOpener;
  /** Reads the property; undefined if there is no such object. */
  read(target: object | undefined): unknown;
  /**
   * Sets the property, unless there is something that is no context: then it stays, and the operator is told.
   */
  write(target: object, context: ConvertContext): void;
}

/** @throws ConvertError `CONVERT_BAD_OPTION` for a wrong name */
export function assertMount(options: MountOptions | undefined): void {
  if (options !== undefined) assertOptions(MOUNT, options);
}

/**
 * Refuses a name for what has one already, such as `oursPrivacy()`.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function assertUnnamed(options: MountOptions | undefined, { as }: Mountable): void {
  if (options?.as === undefined || options.as === as) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`as\` is ${given(options.as)}, and what is mounted has the name '${as}': leave \`as\` out`,
  );
}

/** @throws ConvertError `CONVERT_BAD_OPTION` if the Convert has another name already */
export function contextProperty(
  convert: Convert,
  options: MountOptions | undefined,
  warnOnce: WarnOnce,
): ContextProperty {
  const { as = DEFAULT } = options ?? {};
  const opener = convert.mountedAs(as);
  return as === DEFAULT ? { ...AT_CONVERT, opener: convert } : named(as, opener, warnOnce);
}

type WithConvert = { convert?: unknown };

const AT_CONVERT: Omit<ContextProperty, 'opener'> = {
  as: DEFAULT,
  read: (target: WithConvert | undefined) => target?.convert,
  write(target: WithConvert, context) {
    target.convert = context;
  },
};

function named(as: string, opener: ContextOpener, warnOnce: WarnOnce): ContextProperty {
  return {
    as,
    opener,
    read: (target) => (target as Record<string, unknown> | undefined)?.[as],
    write(target, context) {
      const before = (target as Record<string, unknown>)[as];
      if (before === undefined || before === null || isContext(before))
        Object.assign(target, { [as]: context });
      else
        warnOnce(
          'CONVERT_NOT_ATTACHED',
          `the app has a property \`${as}\` of its own on its requests: choose another name for \`as\``,
        );
    },
  };
}

/** @throws ConvertError `CONVERT_BAD_OPTION` if the name belongs to another Convert of the app, or to something else */
export function assertSameConvert(existing: unknown, convert: unknown, as: string): void {
  if (convert !== undefined && existing === convert) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`as\` is '${as}', and this app has another Convert, or something else, of that name: choose another one`,
  );
}
