/** Checks the options of a plugin, which come together with those of the framework's `register`. */
import { isConvert } from '../../convert/convert.js';
import type { Convert } from '../../convert/types.js';
import { ConvertError } from '../../utils/errors.js';
import { assertOptions, oneOf, shape } from '../../utils/option-checks.js';

const HOOK = shape({ hook: oneOf('onRequest', 'preValidation', 'preHandler') });

/** Checks `hook`, and leaves out the options that belong to Fastify's `register`. */
export function pluginOptions<Options extends object>(hook: unknown, given: Options): Options {
  assertOptions(HOOK, { hook });
  const isOurs = ([name]: [string, unknown]): boolean =>
    !['prefix', 'logLevel', 'logSerializers'].includes(name);
  return Object.fromEntries(Object.entries(given).filter(isOurs)) as Options;
}

/** Refuses options that are given together with a `Convert`: nothing would read them. */
export function assertConvert(given: unknown, others: object): asserts given is Convert {
  const [other] = Object.keys(others);
  if (isConvert(given) && other === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    other === undefined
      ? 'option `convert` must be what createConvert() returned'
      : `option \`${other}\` is given together with \`convert\`; give it to createConvert() instead`,
  );
}
