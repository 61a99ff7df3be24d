/** Asks Convert's config endpoint for the config of a project, and says what its answers mean. */
import type { ProjectConfig } from '../../model/project-config.js';
import { ConvertError } from '../../utils/errors.js';
import { badOption, checkSdkKey, configUrl, DEFAULT_CONFIG_ENDPOINT } from '../endpoints.js';
import { MAX_CONFIG_BYTES } from '../config-limits.js';
import { parseProject } from '../parse-config.js';
import { ProjectPin } from '../project-pin.js';
import type { ChangeDetector } from './change-detector.js';
import type { Answer, Get } from './get.js';

export interface ConfigEndpointOptions {
  /** `{accountId}/{projectId}`, as Convert shows it. */
  sdkKey: string;
  /** Sent as a bearer token, for projects that ask for it. Default none. */
  sdkKeySecret?: string | undefined;
  /** The environment whose experiences are fetched. Default: all (the official SDK's is `staging`). */
  environment?: string | undefined;
  /** A token that asks for drafts and paused experiences, too. Default none. */
  debugToken?: string | undefined;
  /** `low` asks for a config that is hardly cached. Default `default`. */
  cacheLevel?: 'default' | 'low' | undefined;
  /** The base address of the config endpoint. Default `https://cdn-4.convertexperiments.com/api/v1/`. */
  endpoint?: string | undefined;
  /** The most milliseconds of one fetch, body included. Default 10,000. */
  timeout?: number | undefined;
  /** Largest config, in bytes, decompressed. Default 5 MiB. */
  maxBytes?: number | undefined;
}

const HINTS: Record<number, string> = {
  401: ' (check sdkKey and sdkKeySecret)',
  403: ' (check sdkKey and sdkKeySecret)',
  404: ' (check sdkKey)',
};

export class ConfigEndpoint {
  readonly url: URL;
  /** Says where the config comes from. It leaves out the query, which is not needed to find a fault. */
  readonly description: string;
  readonly pin: ProjectPin;
  readonly maxBytes: number;
  readonly #options: ConfigEndpointOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #client: () => Promise<Get>;

  /**
   * @param client loads what makes a request, called before each of them
   * @throws ConvertError `CONVERT_BAD_OPTION` for a key, a secret or an environment that cannot be sent
   */
  constructor(options: ConfigEndpointOptions, client: () => Promise<Get>) {
    checkEnvironment(options.environment);
    const sdkKey = checkSdkKey(options.sdkKey);
    this.#options = options;
    this.#client = client;
    this.url = this.#urlOf();
    this.description = `config endpoint ${this.url.origin}${this.url.pathname}`;
    this.pin = new ProjectPin(sdkKey);
    this.maxBytes = options.maxBytes ?? MAX_CONFIG_BYTES;
    this.#headers = {
      Accept: 'application/json',
      // This is the user agent of the official SDK, which Convert's endpoints know.
      'User-Agent': 'ConvertAgent/1.0',
      ...authorization(options.sdkKeySecret),
    };
  }

  /** Asks for the config, unless it is still the one with this ETag. */
  ask(etag: string | undefined, signal: AbortSignal): Promise<Answer> {
    return this.#get(this.url, etag === undefined ? {} : { 'If-None-Match': etag }, signal);
  }

  /**
   * Passes on the config in the answer to `ask`. Returns false if the repository did not take the config over.
   *
   * @throws ConvertError `CONVERT_PROJECT_UNREACHABLE` or `CONVERT_BAD_PROJECT`
   */
  receive({ status, headers, body }: Answer, etag: string | undefined, detector: ChangeDetector): boolean {
    // If the request had no ETag, a 304 does not say that the config is unchanged.
    if (status === 304 && etag !== undefined) return detector.confirm();
    if (status !== 200) throw this.#refusal(status);
    return detector.answer(body, headers.etag, `the answer of ${this.description}`);
  }

  /** See `ProjectSource.draft`. */
  async draft(experienceId: string, signal: AbortSignal): Promise<ProjectConfig | undefined> {
    const { status, body } = await this.#get(this.#urlOf(experienceId), {}, signal);
    if (status === 404) return undefined;
    if (status !== 200) throw this.#refusal(status);
    const where = `the answer of ${this.description}`;
    const config = parseProject(body, where, { maxBytes: this.maxBytes });
    this.pin.check(config, where);
    return config;
  }

  #urlOf(experienceId?: string): URL {
    const { endpoint = DEFAULT_CONFIG_ENDPOINT, sdkKey, environment, debugToken, cacheLevel } = this.#options;
    const query = { environment, debugToken, lowCache: cacheLevel === 'low', experienceId };
    return new URL(configUrl(endpoint, sdkKey, query));
  }

  async #get(url: URL, condition: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const get = await this.#client();
    signal.throwIfAborted();
    const headers = { ...this.#headers, ...condition };
    return get(url, { headers, timeout: this.#options.timeout ?? 10_000, maxBytes: this.maxBytes, signal });
  }

  #refusal(status: number): ConvertError {
    const redirect = status >= 300 && status < 400 && status !== 304;
    const hint = redirect
      ? ', a redirect; redirects are not followed (check endpoints.config)'
      : (HINTS[status] ?? '');
    return new ConvertError('CONVERT_PROJECT_UNREACHABLE', `${this.description} answered ${status}${hint}`);
  }
}

function checkEnvironment(environment: unknown): void {
  if (environment === undefined || typeof environment === 'string') return;
  throw badOption('environment', `must be a text; it is of type ${typeof environment}`);
}

function authorization(secret: unknown): { Authorization?: string } {
  if (secret === undefined) return {};
  // The secret is checked here, because Node would refuse the header at every request.
  if (typeof secret === 'string' && /^[\x21-\x7e]+$/.test(secret))
    return { Authorization: `Bearer ${secret}` };
  throw badOption('sdkKeySecret', 'must be a text of printable ASCII characters without blanks');
}
