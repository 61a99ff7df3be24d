/** The addresses of Convert's endpoints, and what an address or key must look like before anything is sent there. */
import type { ProjectConfig } from '../model/project-config.js';
import { ConvertError } from '../utils/errors.js';

/** The default endpoints, which are those of the official SDK (`@convertcom/js-sdk` 4.4.3). */
export const DEFAULT_CONFIG_ENDPOINT = 'https://cdn-4.convertexperiments.com/api/v1/';
export const DEFAULT_TRACK_ENDPOINT = 'https://[project_id].metrics.convertexperiments.com/v1/';

const PLACEHOLDER = '[project_id]';

/**
 * Says what is wrong with `value` as a base address, or returns undefined: it must be https (http is accepted on
 * loopback hosts), without user, query and fragment. `[project_id]` may stand in `endpoints.track`.
 */
export function endpointProblem(
  option: 'endpoints.config' | 'endpoints.track',
  value: string,
): string | undefined {
  // Brackets are for IPv6 addresses; a URL with the placeholder in its host cannot be parsed.
  const filled = option === 'endpoints.track' ? value.replaceAll(PLACEHOLDER, '0') : value;
  const isHost = /^[\w.-]{1,64}(:\d{1,5})?$/.test(value);
  const url = URL.canParse(filled) && !isHost ? new URL(filled) : undefined;
  if (!url || /\s/.test(value)) {
    // Anything else than a host may hold a secret.
    const given = isHost ? ` (given '${value}')` : '';
    return `is not a complete URL; it must begin with https://${given}`;
  }
  if (url.username || url.password) return 'must not contain a user name or password';
  if (url.search || url.hash) return 'must not contain a query or a fragment';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return undefined;
  return `must begin with https:// (http:// only on loopback); given is ${url.protocol}//${url.host}`;
}

/**
 * Returns `value` if it is an SDK key: segments of letters, digits, `-` and `_`, joined by slashes
 * (`10035569/10034190`).
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`; its message does not quote the value, which may be the secret by mistake
 */
export function checkSdkKey(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(value)) return value;
  const isPadded = typeof value === 'string' && value !== value.trim();
  const hint = isPadded ? '; the given one begins or ends with white space' : '';
  throw badOption(
    'sdkKey',
    `must look like 10035569/10034190 (letters, digits, - and _, joined by slashes)${hint}`,
  );
}

export interface ConfigQuery {
  readonly environment?: string | undefined;
  /** Asks for drafts and paused experiences, too. */
  readonly debugToken?: string | undefined;
  /** Asks for this experience alone, also if it is a draft or paused. */
  readonly experienceId?: string | undefined;
  /** Asks for a config that is hardly cached. A request with a debug token, or for one experience, always does. */
  readonly lowCache?: boolean | undefined;
}

/**
 * The URL from which the config of a project is fetched. `sdkKey` has passed `checkSdkKey`.
 *
 * @param base its trailing slash may be missing
 */
export function configUrl(
  base: string,
  sdkKey: string,
  { environment, debugToken, experienceId, lowCache = false }: ConfigQuery = {},
): string {
  const query: string[] = [];
  if (environment) query.push(`environment=${encodeURIComponent(environment)}`);
  if (debugToken) query.push(`debug_token=${encodeURIComponent(debugToken)}`);
  if (experienceId) query.push(`exp=${encodeURIComponent(experienceId)}`);
  if (debugToken || experienceId || lowCache) query.push('_conv_low_cache=1');
  return `${withSlash(base)}config/${sdkKey}${query.length > 0 ? '?' : ''}${query.join('&')}`;
}

/**
 * The URL to which the events of a project are posted.
 *
 * @param base default: Convert's own; its trailing slash may be missing
 * @param sdkKey default: account and project of the config, which is what Convert's keys are made of
 */
export function trackingUrl(
  base: string | undefined,
  sdkKey: string | undefined,
  config: ProjectConfig,
): string {
  const { account_id: account, project } = config;
  const filled = (base ?? DEFAULT_TRACK_ENDPOINT).replaceAll(PLACEHOLDER, project.id);
  return `${withSlash(filled)}track/${sdkKey ?? `${account}/${project.id}`}`;
}

export function badOption(option: string, problem: string): ConvertError {
  return new ConvertError('CONVERT_BAD_OPTION', `option ${option} ${problem}`);
}

const withSlash = (base: string): string => (base.endsWith('/') ? base : `${base}/`);

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
