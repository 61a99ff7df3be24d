/** The options of a Convert on a host with web standards, and what those of Node become there. */
import { resolveOptions } from '../options/resolve-options.js';
import type { ConvertOptions, DeliveryOptions, ResolvedOptions } from '../options/types.js';
import type { ProjectCache } from '../project/cache/types.js';
import type { ProjectSource } from '../project/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { ShortProject } from '../model/short-project.js';
import { ConvertError } from '../utils/errors.js';
import { isObject } from '../utils/objects.js';
import { assertOptions, either, propertyName, shape, withMethods } from '../utils/option-checks.js';
import { isKeyValueStore, keyValueCache, type KeyValueStore } from './key-value-cache.js';
import type { FetchRequest, HostRequest } from './request.js';

/** Options that only Node heeds, each with what to do instead. */
const ELSEWHERE = {
  shutdown: 'there are no signals; `waitUntil` of each request keeps the host running',
  waitUntil: 'it is given with each request, as `waitUntil` of the second parameter',
  transport: 'requests are made with `fetch`',
} as const;
/** Options of `delivery` that only Node heeds. */
const DELIVERY_ELSEWHERE = {
  spool: 'there are no files; events are sent with the request that made them',
  maxQueueBytes: 'there is no queue; events are sent with the request that made them',
  linger: 'there is no queue; events are sent with the request that made them',
} as const;

/**
 * The options of `createConvert`, but for those of Node alone. The functions among them get a `FetchRequest`. Nothing
 * is read from environment variables.
 */
export interface FetchOptions<Platform = unknown> extends Omit<
  ConvertOptions<FetchRequest<Platform>>,
  keyof typeof ELSEWHERE | 'project' | 'projectCache' | 'delivery'
> {
  /**
   * The project config itself, also in the short form (docs/reference/project-file.md), or a source of your own.
   * Default: the config is fetched with `sdkKey`.
   */
  project?: ProjectConfig | ShortProject | ProjectSource;
  /**
   * Where instances of the app share the config that was fetched with `sdkKey`: a key-value store such as Workers KV,
   * or a cache of your own. An instance asks the endpoint only if the shared config is older than `refreshInterval`.
   * Default: each instance fetches for itself.
   */
  projectCache?: KeyValueStore | ProjectCache;
  /**
   * A name for a second Convert of the app, such as `convertOutlet`. All Converts of an app share the visitor of a
   * `Request` that they open; the project's id is in the names of all other cookies of this one. Default `convert`.
   */
  as?: string;
  /** How events are sent to Convert: `outbox`, `timeout` and `enrichData`, as on Node. False sends nothing. */
  delivery?: false | Omit<DeliveryOptions, keyof typeof DELIVERY_ELSEWHERE>;
}

/** @throws ConvertError `CONVERT_BAD_OPTION` */
export function resolveFetchOptions(given: FetchOptions<never> = {}): ResolvedOptions {
  // What is no object is refused with the other options.
  const options = isObject(given) ? forNode(given) : (given as ConvertOptions);
  const resolved = resolveOptions(options, {});
  resolved.waitUntil = (promise, request) => (request as HostRequest | undefined)?.keep(promise);
  return resolved;
}

/** Returns the options in the form that they have on Node. */
function forNode(given: FetchOptions<never>): ConvertOptions {
  assertOfFetch(given);
  const { as: _, projectCache, ...others } = given;
  const cache = isKeyValueStore(projectCache) ? keyValueCache(projectCache) : projectCache;
  return { ...(others as object), ...(cache !== undefined && { projectCache: cache }) };
}

/** What is another thing here than on Node. */
const OF_FETCH = shape({
  as: propertyName,
  projectCache: either(
    'an object with get and put, such as Workers KV, or with read and write',
    withMethods('', 'get', 'put'),
    withMethods('', 'read', 'write'),
  ),
});

function assertOfFetch(given: object): void {
  const { as, project, projectCache, delivery } = given as Record<string, unknown>;
  refuse('', given, ELSEWHERE);
  if (isObject(delivery)) refuse('delivery.', delivery, DELIVERY_ELSEWHERE);
  if (typeof project === 'string')
    throw badOption('project', 'there are no files; give the config itself, a source, or `sdkKey`');
  if (typeof projectCache === 'string')
    throw badOption(
      'projectCache',
      'there are no files; give an object with get and put, such as Workers KV',
    );
  assertOptions(OF_FETCH, { as, projectCache });
}

function refuse(prefix: string, given: object, elsewhere: Readonly<Record<string, string>>): void {
  for (const [name, instead] of Object.entries(elsewhere))
    if ((given as Record<string, unknown>)[name] !== undefined) throw badOption(`${prefix}${name}`, instead);
}

function badOption(option: string, instead: string): ConvertError {
  return new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`${option}\` is for Node, not for convert-middleware/fetch: ${instead}`,
  );
}
