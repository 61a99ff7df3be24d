/** Copies options, so that only what the app has given counts, whatever other code has added to `Object.prototype`. */
import { isPlainObject, ownProperties, ownValue } from '../utils/objects.js';
import type { ConvertOptions } from './types.js';

/** The options that hold options, as a tree. Other objects are the app's own: stores, engines, loggers, configs. */
interface Groups {
  readonly [option: string]: Groups;
}
const GROUPS: Groups = {
  visitor: { cookie: {}, fingerprint: {} },
  session: {},
  consent: { from: {} },
  network: {},
  storeCache: {},
  assignmentCookie: {},
  delivery: { spool: {} },
  endpoints: {},
  responseCache: {},
  bucketing: {},
};

/**
 * Returns a copy of the options, and of the options in them, which inherits nothing. An option that is undefined counts
 * as absent. What is no object is returned as it is: the check of the options refuses it.
 */
export function ownOptions(options: ConvertOptions): ConvertOptions {
  return copied(options, GROUPS) as ConvertOptions;
}

function copied(value: unknown, groups: Groups): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => copied(each, groups));
  if (!isPlainObject(value)) return value;
  const copy = ownProperties(value);
  for (const [name, each] of Object.entries(copy)) {
    const inner = ownValue(groups, name);
    if (each === undefined) Reflect.deleteProperty(copy, name);
    else if (inner !== undefined) copy[name] = copied(each, inner);
  }
  return copy;
}
