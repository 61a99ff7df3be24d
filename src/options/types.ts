/** Every option: its type, its unit and its default. */
import type { ConsentOption } from '../consent/consent.js';
import type { PrivacySignals } from '../consent/privacy-signals.js';
import type { SpoolOptions } from '../delivery/spool/spool-outbox.js';
import type { OutboxFactory } from '../delivery/types.js';
import type { BucketingOptions, Engine } from '../engine/types.js';
import type { BotsOption } from '../identity/bot-check.js';
import type { AssignmentCookieOptions } from '../identity/cookies/assignment-cookie.js';
import type { PreviewCookieOptions } from '../identity/cookies/preview-cookie.js';
import type { ResponseCacheOptions } from '../identity/cookies/key-cookie.js';
import type { SessionCookieOptions } from '../identity/cookies/session-cookie.js';
import type { VisitorOptions } from '../identity/visitor-identity.js';
import type { WaitUntil } from '../model/http.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { ShortProject } from '../model/short-project.js';
import type { ProjectCache } from '../project/cache/types.js';
import type { ProjectSource } from '../project/types.js';
import type { GeoOption } from '../request/geo/geo.js';
import type { PropertiesOption } from '../request/request-reader.js';
import type { StoreCacheOptions } from '../store/remote-store.js';
import type { SdkDataStore, VisitorStore } from '../store/types.js';
import type { RequestFunction } from '../utils/app-callback.js';
import type { Logger } from '../utils/logger.js';
import type { TransportOption } from '../utils/transport-option.js';

/** The options of `createConvert`. `Raw` is the framework's own request, which the functions among the options get. */
export interface ConvertOptions<Raw = unknown> {
  /**
   * The key of the project, `accountId/projectId`. Default: the environment variable `CONVERT_SDK_KEY`, if `project`
   * is not given either.
   */
  sdkKey?: string;
  /** The secret of the key. Default: `CONVERT_SDK_KEY_SECRET`, if the key comes from the environment too. */
  sdkKeySecret?: string;
  /** The environment whose experiences run. Default: `CONVERT_ENVIRONMENT`, else `staging`, as the official SDK. */
  environment?: string;
  /**
   * The project config itself, the path of a JSON file with it (read again when it changes), or a source of your own.
   * Object and file may be in the short form (docs/reference/project-file.md), of which nothing is sent unless
   * `endpoints.track` is given. If `sdkKey` is given too, the config comes from `project`, and events are posted under
   * the key. Default: the file that `CONVERT_PROJECT_FILE` names.
   */
  project?: ProjectConfig | ShortProject | string | ProjectSource;
  /**
   * Where the last good config that was fetched with `sdkKey` is kept: the path of a folder on disk,
   * `redisProjectCache(client)` of `convert-middleware/redis`, or a cache of your own. The cached config is used at the
   * start if the endpoint fails, or takes more than 100 ms, until the endpoint delivers one. Each process fetches the
   * config for itself. The cache is not used if `CONVERT_PROJECT_FILE` names the project. Default: no cache.
   */
  projectCache?: string | ProjectCache;
  /**
   * The most bytes of a project config, decompressed, from the endpoint, a cache or a file. A larger one is refused,
   * and the last good one stays in force. Default 5242880 (5 MiB).
   */
  maxConfigBytes?: number;
  /**
   * A token from Convert's debugger, for staging sites: the config then holds drafts and paused experiences, too. They
   * are read-only for everybody: decided with the reason `draft`, and nothing of them is stored or sent. Sent with the
   * config request, which then goes round Convert's cache. Tokens last 24 hours. Default: none.
   */
  debugToken?: string;
  network?: {
    /** `low` asks the config endpoint for a config that is hardly cached, for development. Default `default`. */
    cacheLevel?: 'default' | 'low';
  };
  /** Milliseconds between two fetches of the project config from the endpoint. Default 300000 (5 minutes). */
  refreshInterval?: number;
  /**
   * Milliseconds that requests wait for the first project config to arrive, counted from the first request that waits.
   * After that, requests do not wait, and get the original page until the config is there. Default 250; 0 never waits.
   */
  readyTimeout?: number;
  /** The engine that decides. Default: the compiled engine; `sdkEngine(ConvertSDK)` is the official SDK. */
  engine?: Engine;
  /** How a visitor is recognized. Default: by the cookie `cv_vid`. */
  visitor?: VisitorOptions<Raw>;
  /**
   * The options of the session cookie. A session ends after 20 minutes without a request, as at Convert. The cookie is
   * set only with consent, and keeps two facts from the first request of the session: how the visitor got here, and
   * whether they are new. False: there is no session cookie, and each request is judged alone. Default: the cookie
   * `cv_ses`, otherwise like the visitor cookie.
   */
  session?: false | SessionCookieOptions;
  /**
   * Where the visitor's consent is read: a consent platform (`'onetrust'`, `{ platform: 'klaro', service: 'matomo'
   * }`), a cookie of the site, a function, or a list of these, of which the first that has an answer decides.
   * Default: no consent is needed.
   */
  consent?: ConsentOption<Raw>;
  /**
   * Whether `Sec-GPC: 1` and `DNT: 1` deny consent, whatever `consent` says, and also if `consent` is not given.
   * `project`: the project's settings decide, which may name a region (see `geo`); until the first project config is
   * there, a visitor with such a header counts as one who has not answered. Convert's own opt-out, the cookie
   * `_conv_prevent_tracking`, always counts. Default `project`.
   */
  privacySignals?: PrivacySignals;
  /** Adds properties to those that rules are matched against, or renames them. */
  properties?: PropertiesOption<Raw>;
  /**
   * The sources of the visitor's country, region and city. In a list, each source fills in what the sources before it
   * left out. Default: country, region and city are unknown.
   */
  geo?: GeoOption<Raw>;
  /**
   * Asks browsers for the client hints that they send on request (`Accept-CH`), on HTML responses: the full version
   * of the browser, the model and the form of the device. Bots are not asked. If `consent` is configured, only
   * visitors with consent are asked, so the visitor's id and consent are read for each of these responses.
   * `'critical'` makes the browser request the first page again with the hints (`Critical-CH`), which costs that
   * visitor a round trip. Default false: only the hints that browsers send by themselves are used.
   */
  acceptClientHints?: boolean | 'critical';
  /** How bots are treated. Default `original`: they get the original page, no cookie, no event, nothing stored. */
  bots?: BotsOption<Raw>;
  /** The store that keeps visitor state between requests. Default: `memoryStore()`. */
  store?: VisitorStore | SdkDataStore;
  /**
   * The most bytes that are stored of a visitor. Beyond them the oldest custom properties are dropped, then the oldest
   * events that wait for consent, then the oldest transactions, which count again if they are reported again.
   * Variations always stay. Default 65536 (64 KiB).
   */
  maxStateBytes?: number;
  /**
   * Milliseconds that a request waits for a remote store; after that, decisions are made without stored state. Default
   * 50.
   */
  storeTimeout?: number;
  /**
   * How long, and for how many visitors, this process caches the state that was read from or written to a remote store.
   * The cached state is used only for a visitor who is in all running experiences: for other visitors, another process
   * may have made more decisions since. False: no cache. Default: for 5 s, of 10,000 visitors.
   */
  storeCache?: StoreCacheOptions | false;
  /**
   * Keeps the visitor's assignments also in a cookie, signed with `secrets`: for sites whose processes share no store.
   * A cookie cannot do what a shared store does: two processes may assign the same visitor differently at the same
   * time, and goals are counted once per process. Default: off.
   */
  assignmentCookie?: boolean | AssignmentCookieOptions;
  /**
   * The secrets that sign our cookies (`assignmentCookie`, `visitor.cookie.signed`, `previewCookie`), preview links and
   * the texts of `carry()`, and hash the users of `identify()`: one, or up to 8, the newest first, each of at least 16
   * characters. The first one signs, and a signature or a hash of any of them is accepted, so that a secret can be
   * replaced while what it signed is still in use. Secrets are never printed. Default: none; users are hashed without a
   * secret.
   */
  secrets?: string | readonly string[];
  /**
   * How events wait, and how they are sent to Convert. False sends nothing: decisions are made and stored, as with
   * `enableTracking: false`, and their exposures are sent by the first tracked decision after the option is gone.
   * Conversions are counted as dropped (`disabled`). For development and staging.
   */
  delivery?: DeliveryOptions | false;
  /**
   * How the project config is fetched and events are posted: with `node:http(s)`, which takes less CPU time; with
   * `fetch`, for apps that have set up `fetch` to go through a proxy (`setGlobalDispatcher`); or with `node:http(s)`
   * over an agent of the app's, such as `new HttpsProxyAgent(url)`. With `node`, `http.globalAgent` and
   * `https.globalAgent` are used if the app has replaced them, or if `NODE_USE_ENV_PROXY` is set where Node heeds it.
   * Default `node`; `fetch` on runtimes other than Node.
   */
  transport?: TransportOption;
  /** The base addresses of Convert's endpoints, as in the official SDK. */
  endpoints?: {
    /** The endpoint of the project config. Default `https://cdn-4.convertexperiments.com/api/v1/`. */
    config?: string;
    /**
     * The endpoint for events. Default `https://[project_id].metrics.convertexperiments.com/v1/`, where the project's
     * id replaces `[project_id]`.
     */
    track?: string;
  };
  /**
   * The names under which a shared cache finds the key of a page that `share()` lets it keep per variation. Default:
   * the cookie `cv_key`, and no request header.
   */
  responseCache?: ResponseCacheOptions;
  /**
   * Whether preview links (`?convert_preview={experienceId}.{variationId}`) work: they show a variation whatever its
   * rules, traffic, environment and status say, and nothing is stored or sent. `'signed'` follows only links that
   * `convert.previewLink` has made, until they expire; it needs `secrets`. A function decides it for each request.
   * Links that are signed, or to which a function says yes, also show drafts and paused experiences, which are fetched
   * with `sdkKey` while the page waits, at most 1 s; then the function is asked before the handler. Default true.
   */
  preview?: boolean | 'signed' | RequestFunction<Raw, boolean>;
  /**
   * Keeps a preview from page to page in a session cookie, signed with `secrets`, until its link expires or the viewer
   * leaves by `?convert_preview=off`. A link without an end lasts for 24 hours in it. Default false; true is the cookie
   * `cv_preview`, otherwise like the visitor cookie.
   */
  previewCookie?: boolean | PreviewCookieOptions;
  /**
   * Whether the rules of web projects, which have no key, are answered from the request: see
   * docs/reference/ui-rules.md. The official SDK answers them in browsers only. Default false.
   */
  uiRules?: boolean;
  /** Whether features enrol visitors as in the official SDK: see docs/background/engine.md. Default false. */
  strictSdk?: boolean;
  /**
   * How the compiled engine shares out the traffic: the official SDK's settings of the same names. Whoever changes them
   * moves visitors. Default: as by default with the SDK.
   */
  bucketing?: BucketingOptions;
  /**
   * Returns true for a request that takes no part in tests, such as one for a static file or a health check. Default:
   * none.
   */
  skip?: RequestFunction<Raw, boolean>;
  /**
   * `'signals'` closes the instance on SIGTERM and SIGINT, within 5 s, and then lets the signal end the process as
   * usual; a second signal ends the process at once. If the app has its own handler of the signal, or the kernel
   * ignores the signal (process 1 of a container), the process is not ended: the events that wait are sent at once,
   * and the instance stays open. Default: no signal is listened to.
   */
  shutdown?: 'signals';
  /**
   * For platforms that freeze the process after the response: a function that gets a promise to wait for, and the
   * request (undefined for jobs). The function is called while the handler runs, as soon as there is something to
   * commit; a request with nothing to commit causes no call. The promise resolves when what was recorded is stored
   * and delivered, after 30 s at most, of which delivery may take 5 s; it never rejects. There is nearly always one
   * call per request; an event that is tracked after the commit causes another one. Default: none.
   */
  waitUntil?: WaitUntil<Raw>;
  /** An object with `error` and `warn`; false logs nothing. Default: the console. */
  logger?: Logger | false;
}

/** The option `delivery`: how events are kept and sent. */
export interface DeliveryOptions {
  /**
   * A folder on a local disk that keeps events until they are delivered, so that they outlive the process: its path, or
   * `{ path, maxBytes }`. Processes and projects may share a folder. Default: events are kept in memory only.
   */
  spool?: string | SpoolOptions;
  /**
   * Makes another outbox for events to wait in, such as `redisOutbox(client)` of `convert-middleware/redis`. Default:
   * events wait in memory.
   */
  outbox?: OutboxFactory;
  /** The most bytes of events that wait in memory. Default 16777216 (16 MiB). */
  maxQueueBytes?: number;
  /** Milliseconds between two POSTs under load, if no full batch is waiting. Default 100. */
  linger?: number;
  /** The most milliseconds that one POST may take; then it counts as failed. Default 10000. */
  timeout?: number;
  /** Has Convert record only unique exposures, and fill in data that conversions lack. Default true. */
  enrichData?: boolean;
}

/** The options of `createConvert`, with the defaults filled in that more than one place needs. */
export interface ResolvedOptions extends Omit<ConvertOptions, 'logger' | 'environment' | 'storeTimeout'> {
  environment: string;
  storeTimeout: number;
  logger: Logger;
}
