/** Mounts what has an object for each request and is no Convert, such as `oursPrivacy()`. */
import { isConvert } from '../../convert/convert.js';
import type { Mountable } from '../../model/mountable.js';
import { traitsOf } from '../../utils/errors.js';
import { assertUnnamed, type MountOptions } from './context-property.js';
import { warnOnConsole } from './mount-warnings.js';

/**
 * Returns what is given if it is such an object, and undefined for a Convert and for options.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` if it is mounted under a name that is not its own
 */
export function mountableIn(given: unknown, mount: MountOptions | undefined): Mountable | undefined {
  if (typeof given !== 'object' || given === null || isConvert(given)) return undefined;
  if (!('as' in given) || !('open' in given)) return undefined;
  const mountable = given as Mountable;
  assertUnnamed(mount, mountable);
  return mountable;
}

/**
 * Puts what is mounted onto the framework's request. What is there already stays, and if the request takes no
 * properties, it goes on without: a line on stderr says so, since a mountable does not show its logger.
 */
export function putOnto(target: object, { as }: Mountable, open: () => object): void {
  try {
    if (as in target) warnOfTaken(as);
    else Object.assign(target, { [as]: open() });
  } catch (error) {
    const message = `\`${as}\` could not be put onto the request (${traitsOf(error)})`;
    warnOnConsole('CONVERT_NOT_ATTACHED', message, 'error');
  }
}

/** Tells that requests have such a property already: of the app, or of a mount before this one. */
export function warnOfTaken(as: string): void {
  warnOnConsole(
    'CONVERT_NOT_ATTACHED',
    `requests have a property \`${as}\` already when \`${as}\` is put onto them, which stays as it is: mount it once,` +
      ' and give a property of the app another name',
    'warn',
  );
}
