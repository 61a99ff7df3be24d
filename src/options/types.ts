/** Every option: its type, its unit and its default. */
import type { ConsentOption } from '../consent/consent.js';
import type { PrivacySignals } from '../consent/privacy-signals.js';
import type { SpoolOptions } from '../delivery/spool/spool-outbox.js';
import type { OutboxFactory } from '../delivery/types.js';
import type { Engine } from '../engine/types.js';
import type { BotsOption } from '../identity/bot-check.js';
import type { AssignmentCookieOptions } from '../identity/cookies/assignment-cookie.js';
import type { SessionCookieOptions } from '../identity/cookies/session-cookie.js';
import type { VisitorOptions } from '../identity/visitor-identity.js';
import type { WaitUntil } from '../model/http.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { ProjectCache } from '../project/cache/types.js';
import type { ProjectSource } from '../project/types.js';
import type { GeoOption } from '../request/geo/geo.js';
import type { PropertiesOption } from '../request/request-reader.js';
import type { StoreCacheOptions } from '../store/remote-store.js';
import type { SdkDataStore, VisitorStore } from '../store/types.js';
import type { RequestFunction } from '../utils/app-callback.js';
import type { Logger } from '../utils/logger.js';

/** `Raw` is the framework's own request, which the functions among the options get. */
export interface ConvertOptions<Raw = unknown> {
  /**
   * The key of the project, `accountId/projectId`. Default: the environment variable `CONVERT_SDK_KEY`, if `project`
   * is not given either.
   */
  sdkKey?: string;
  /** Default: `CONVERT_SDK_KEY_SECRET`, where the key comes from the environment too. */
  sdkKeySecret?: string;
  /** The environment whose experiences run. Default: `CONVERT_ENVIRONMENT`, else `staging`, as the official SDK. */
  environment?: string;
  /**
   * The project config itself, the path of a JSON file with it (read again when it changes), or a source of your own.
   * Goes before `sdkKey`. Default: the file that `CONVERT_PROJECT_FILE` names.
   */
  project?: ProjectConfig | string | ProjectSource;
  /**
   * Where the last good config of `sdkKey` is kept: the path of a folder on disk, `redisProjectCache(client)` of
   * `convert-middleware/redis`, or a cache of your own. It is used at the start if the endpoint fails, or takes
   * more than 100 ms; a newer one follows. Each process fetches for itself. Not used where `CONVERT_PROJECT_FILE`
   * names the project. Default: nowhere.
   */
  projectCache?: string | ProjectCache;
  /** Milliseconds between two looks for a newer project config at the endpoint. Default 300000 (5 minutes). */
  refreshInterval?: number;
  /**
   * Until the first project config is there, requests wait for it until so many milliseconds after the first of them;
   * then they get the original page at once. Default 250; 0 never waits.
   */
  readyTimeout?: number;
  /** What decides. Default: the compiled engine; `sdkEngine(ConvertSDK)` is the official SDK. */
  engine?: Engine;
  /** Who the visitor is. Default: the cookie `cv_vid`. */
  visitor?: VisitorOptions<Raw>;
  /**
   * A session ends after 20 minutes without a request, as at Convert. A cookie, set where there is consent, keeps
   * what its first request said: how the visitor got here, and whether they are new. False: each request speaks for
   * itself. Default: the cookie `cv_ses`, otherwise like the visitor cookie.
   */
  session?: false | SessionCookieOptions;
  /**
   * Where the visitor's consent is read: a consent platform (`'onetrust'`, `{ platform: 'klaro', service: 'matomo'
   * }`), a cookie of the site, a function, or a list of these, of which the first that knows decides. Default:
   * nothing is gated.
   */
  consent?: ConsentOption<Raw>;
  /**
   * Whether `Sec-GPC: 1` and `DNT: 1` deny consent, whatever `consent` says, and without it, too. `project`: as the
   * project's settings say, which may name a region (see `geo`); until the first project config is there, such a
   * visitor has not answered. Convert's own opt-out, the cookie `_conv_prevent_tracking`, always counts. Default
   * `project`.
   */
  privacySignals?: PrivacySignals;
  /** Adds to or renames the properties that rules are matched against. */
  properties?: PropertiesOption<Raw>;
  /**
   * Where country, region and city come from; of a list, the next fills in what those before it left out. Default:
   * they are unknown.
   */
  geo?: GeoOption<Raw>;
  /**
   * Asks browsers for the client hints that they send on request (`Accept-CH`), on HTML responses: the full version
   * of the browser, the model and the form of the device. Not asked of bots, and of others only with consent, where
   * `consent` is configured; so the visitor's id and consent are read for each of these responses. `'critical'` has
   * the browser ask for the first page again with them (`Critical-CH`), which costs that visitor a round trip.
   * Default false: the hints that browsers send by themselves.
   */
  acceptClientHints?: boolean | 'critical';
  /** What becomes of bots. Default `original`: the original page, no cookie, no event, nothing stored. */
  bots?: BotsOption<Raw>;
  /** Where visitor state lives between requests. Default: `memoryStore()`. */
  store?: VisitorStore | SdkDataStore;
  /** Milliseconds that a request waits for a remote store; then it is decided without stored state. Default 50. */
  storeTimeout?: number;
  /**
   * What was read from a remote store, or written to it, is remembered for a moment, and used for a visitor who is
   * in all running experiences: of others it would not tell what another process has decided since. False: never.
   * Default: for 5 s, of 10,000 visitors.
   */
  storeCache?: StoreCacheOptions | false;
  /**
   * Carries the visitor's assignments in a cookie, too, signed with `secrets`: for sites whose processes share no
   * store. It claims nothing: the first write does not win over processes, and goals are counted once per process.
   * Default: off.
   */
  assignmentCookie?: boolean | AssignmentCookieOptions;
  /**
   * What we sign with: one secret, or several, the newest first, each of at least 16 characters. The first signs,
   * all are verified with, so that one can be replaced while what it signed is still about. Never printed. Default:
   * none.
   */
  secrets?: string | readonly string[];
  delivery?: DeliveryOptions;
  /** Base addresses, as the official SDK's. */
  endpoints?: {
    /** Default `https://cdn-4.convertexperiments.com/api/v1/`. */
    config?: string;
    /** Default `https://[project_id].metrics.convertexperiments.com/v1/`; `[project_id]` is filled in. */
    track?: string;
  };
  /**
   * Follows preview links (`?convert_preview={experienceId}.{variationId}`): they show a variation whatever its
   * rules, traffic, environment and status say, and nothing is stored or sent. A function says for which requests.
   * Default true.
   */
  preview?: boolean | RequestFunction<Raw, boolean>;
  /**
   * Answers rules of web projects, which have no key, from the request: see
   * docs/reference/ui-rules.md. The official SDK answers them in browsers only. Default false.
   */
  uiRules?: boolean;
  /** Enrols for features as the official SDK does: see docs/background/engine.md. Default false. */
  strictSdk?: boolean;
  /** Requests that are none of our business: static files, health checks. Default: none. */
  skip?: RequestFunction<Raw, boolean>;
  /**
   * `'signals'` closes the instance on SIGTERM and SIGINT, within 5 s, and then has the signal end the process as
   * it would have without it; a second signal ends it at once. Where the app, or the kernel (process 1 of a
   * container), handles the signal otherwise, the end of the process is theirs: what waits is sent at once, and the
   * instance stays open. Default: no signal is listened to.
   */
  shutdown?: 'signals';
  /**
   * For platforms that freeze the process after the response: called with a promise to wait for, and the request
   * (undefined for jobs), while the handler runs, as soon as there is something to commit, and not called where
   * there is nothing. The promise follows the commit and never rejects; it resolves when what was recorded is
   * stored and delivered: delivery may take 5 s of it, all of it 30 s. Nearly always once per request; what is
   * tracked after its commit is another call. Default: none.
   */
  waitUntil?: WaitUntil<Raw>;
  /** Anything with `error` and `warn`; false says nothing. Default: the console. */
  logger?: Logger | false;
}

export interface DeliveryOptions {
  /**
   * A folder on a local disk where events are kept until they are delivered, so that they outlive the process; or that
   * with a bound. Processes and projects may share it. Default: events are kept in memory only.
   */
  spool?: string | SpoolOptions;
  /** Where events wait instead, as `redisOutbox(client)` of `convert-middleware/redis`. Default: in memory. */
  outbox?: OutboxFactory;
  /** Bytes of events that wait in memory at most. Default 16777216 (16 MiB). */
  maxQueueBytes?: number;
  /** Milliseconds between two POSTs under load, where no full batch is waiting. Default 100. */
  linger?: number;
  /** Milliseconds that one POST may take. Default 10000. */
  timeout?: number;
  /**
   * What POSTs are made with: `node:http(s)`, at a fifth of the CPU time, or `fetch`, where that goes through a
   * proxy of yours. Default `node`; `fetch` where there is no Node.
   */
  transport?: 'node' | 'fetch';
  /** Has Convert record only unique exposures and fill in what conversions miss. Default true. */
  enrichData?: boolean;
}

/** The options of `createConvert`, with the defaults filled in that more than one place needs. */
export interface ResolvedOptions extends Omit<ConvertOptions, 'logger' | 'environment' | 'storeTimeout'> {
  environment: string;
  storeTimeout: number;
  logger: Logger;
}
