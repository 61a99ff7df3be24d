/** Builds the parts of a Convert from its options, connects them, and starts them. */
import { ClaimLeases } from '../context/claim-leases.js';
import { createRevocations } from '../context/erase-visitor.js';
import type { RequestServices } from '../context/request-services.js';
import { showsDrafts } from '../context/preview-link.js';
import type { LoadedProject, Runtime, Uncommitted } from '../context/runtime.js';
import { StateProblems } from '../context/state-problems.js';
import { UnknownFields } from '../context/unknown-fields.js';
import { UnknownKeys } from '../context/unknown-keys.js';
import { tellPlatform } from '../context/wait-until.js';
import {
  type DeliveryLedger,
  type DisabledBy,
  DROP_WARNINGS,
  type OutboxFactory,
  type OutboxListener,
} from '../delivery/types.js';
import { onDemandEngine } from '../engine/on-demand-engine.js';
import { visitorCarrier } from '../identity/carried-visitor.js';
import { hasher } from '../identity/hasher.js';
import { userHasher } from '../identity/user-hash.js';
import { isInAll } from '../model/visitor-state/apply-change.js';
import type { ConvertOptions, ResolvedOptions } from '../options/types.js';
import { ProjectRepository, type ProjectRepositoryOptions, versionOf } from '../project/repository.js';
import { userAgentParser } from '../request/user-agent/parser.js';
import { memoryStore } from '../store/memory-store.js';
import { RemoteStore } from '../store/remote-store.js';
import { sdkStore } from '../store/sdk-data-store.js';
import { CommitWaits } from '../store/commit-waits.js';
import type { VisitorStore } from '../store/types.js';
import { CompactSet } from '../utils/compact-set.js';
import { asConvertError } from '../utils/errors.js';
import { allOf } from '../utils/lazy-module.js';
import type { Logger } from '../utils/logger.js';
import { NOTHING } from '../utils/objects.js';
import { logError, logWarning, warnOnceOn } from '../utils/operator-log.js';
import { CookieFormats } from './cookie-formats.js';
import { draftPreviews } from './draft-previews.js';
import type { LoadableOutbox } from './late-outbox.js';
import { disabledBy, projectLoader, warnOfProject } from './load-project.js';
import { outboxOf } from './outbox-factory.js';
import type { JobEntrance, Platform } from './platform.js';
import { createReporter, type Reporter } from './reporter.js';
import { type NamedServices, requestServices } from './request-services.js';

/** Milliseconds that a close may take, if the app gives no `timeout`. */
export const CLOSE_TIMEOUT = 5_000;
/** The most callbacks that wait for the first project config, which may never come. */
const MAX_WAITING = 1_000;

/** The parts of one Convert. Contexts know them as the `Runtime`. */
export interface ConvertRuntime extends Reporter, Omit<Runtime, keyof Reporter | 'outbox'> {
  readonly logger: Logger;
  readonly engineName: string;
  readonly cookieFormats: CookieFormats;
  readonly outbox: LoadableOutbox;
  /** Why nothing is sent, by the config in force; undefined if events are sent. */
  readonly disabledBy: DisabledBy | undefined;
  readonly services: RequestServices;
  /** Makes the services of a Convert that stands beside another one in its app. */
  readonly named: NamedServices['named'];
  /** Holds the project config in force; the field `project` reads it from here. */
  readonly repository: ProjectRepository<LoadedProject>;
  /** The same object as `store` if the store is remote; else undefined. */
  readonly remote: RemoteStore | undefined;
  readonly jobs: JobEntrance;
}

/**
 * Makes and connects the parts; no config is loaded yet. `makeOutbox`, if given, replaces the outbox of the options.
 *
 * @throws ConvertError for options that turn out to be wrong when they are used
 */
export function createRuntime(
  platform: Platform,
  options: ResolvedOptions,
  makeOutbox?: OutboxFactory,
): ConvertRuntime {
  const { logger, environment, storeTimeout } = options;
  const { digests } = platform;
  const reporter = createReporter(logger, platform.channels);
  const { report, reportOutage, warnOnce } = reporter;
  // A config may have as many warnings as it has parts. They must not use up the codes of other warnings.
  const warnOnceOfConfig = warnOnceOn(logger);
  const now = (): number => Date.now();
  const project = (): LoadedProject | undefined => repository.current;
  const waiting: ((project: LoadedProject) => void)[] = [];

  const flush = (timeout: number): Promise<DeliveryLedger> => outbox.flush(timeout);
  const waitUntil = options.waitUntil && tellPlatform(options.waitUntil, { flush, onError: report });
  const source = platform.project(options);
  const engine = options.engine ?? onDemandEngine(options);
  const settings = (): Readonly<Record<string, unknown>> | undefined => {
    const loaded = project();
    return loaded && (loaded.config.project.settings ?? {});
  };
  const cookieFormats = new CookieFormats(warnOnce);
  const { services, named } = requestServices(platform, options, settings, {
    onError: report,
    warnOnce,
    unknownFormat: cookieFormats.unknown,
    geoListener: { failing: reportOutage, recovered: reporter.reportRecovery },
  });
  const givenStore = storeOf(options.store);
  const remote = givenStore.remote ? remoteStore(givenStore, options, project, reporter) : undefined;
  const store = remote ?? givenStore;
  const outbox = outboxOf(
    platform,
    options,
    { project: () => project()?.config, listener: outboxListener(reporter) },
    makeOutbox,
  );
  const claimsLapse = store.outlives === true && outbox.outlives === true;
  const claimLeases = claimsLapse ? new ClaimLeases(store, report, now) : undefined;
  const repository = new ProjectRepository<LoadedProject>(source, {
    readyTimeout: options.readyTimeout,
    load: projectLoader(options, { engine, outbox, now }),
    onConfig: (loaded, isFirst) => {
      warnOfProject(loaded, options, (code, message) => warnOnceOfConfig(code, message, message));
      if (options.debugToken !== undefined) warnOnce('CONVERT_DEBUG_TOKEN', DEBUG_TOKEN_WARNING);
      for (const work of waiting.splice(0)) work(loaded);
      reporter.emit(isFirst ? 'ready' : 'config', { version: versionOf(loaded.config) });
    },
    ...repositoryListener(reporter, logger),
  });

  return {
    ...reporter,
    logger,
    environment,
    engineName: engine.name,
    cookieFormats,
    get disabledBy() {
      return disabledBy(options, repository.current?.config);
    },
    services,
    named,
    store,
    commitWaits: new CommitWaits(),
    remote,
    drafts: showsDrafts(services.previews) ? draftPreviews(source, engine, { ...reporter, now }) : undefined,
    storeTimeout,
    outbox,
    jobs: platform.jobs(outbox),
    claimLeases,
    repository,
    stateProblems: new StateProblems(warnOnce),
    unknownKeys: new UnknownKeys(warnOnce),
    unknownFields: new UnknownFields(warnOnce),
    maxStateBytes: options.maxStateBytes,
    storeKeys: services.visitors.storeKeys,
    consentConfigured: services.visitors.consentConfigured,
    newUuid: platform.newUuid,
    userHashes: userHasher(digests, options.secrets),
    keyHashes: hasher(digests, options.secrets, 'denials'),
    carrier: visitorCarrier(digests, options.secrets),
    uncommitted: new CompactSet<Uncommitted>(),
    revocations: createRevocations(),
    waitUntil,
    scheduleCommit: platform.scheduleCommit,
    now,
    get project() {
      return repository.current;
    },
    whenReady(work) {
      const loaded = project();
      if (loaded !== undefined) work(loaded);
      else if (waiting.length < MAX_WAITING) waiting.push(work);
    },
  };
}

/**
 * Begins to load the project config, the geo databases, the outbox and the parser of user agents. Requests are served
 * meanwhile, so a failure is only reported.
 */
export function startRuntime({ outbox, repository, services, report, emitLater }: ConvertRuntime): void {
  // The first config waits for them, and tells if they can not be loaded.
  const code = allOf(outbox.need?.(), userAgentParser.need());
  if (code !== undefined) repository.waitForCode(code);
  emitLater(() => repository.start());
  services.reader.load().catch((error: unknown) => {
    report(asConvertError(error, 'CONVERT_BAD_OPTION', 'option `geo` can not be loaded'));
  });
}

/** Commits the recorded decisions and conversions of all contexts. */
export function commitAll({ uncommitted }: ConvertRuntime): void {
  for (const each of uncommitted) void each.commit();
}

/**
 * Commits what was recorded for this visitor. A request of the visitor may be under way in this process: a job must see
 * its consent and its decisions. Returns undefined if there was nothing to commit.
 */
export function commitAllOf(
  { uncommitted }: ConvertRuntime,
  visitorId: string,
): Promise<unknown> | undefined {
  if (uncommitted.size === 0) return undefined;
  let commits: Promise<unknown>[] | undefined;
  for (const each of uncommitted) {
    if (each.visitorId === visitorId) (commits ??= []).push(Promise.resolve(each.commit()));
  }
  return commits && Promise.all(commits);
}

function storeOf(given: ConvertOptions['store']): VisitorStore {
  if (given === undefined) return memoryStore();
  return 'commit' in given ? given : sdkStore(given);
}

function remoteStore(
  store: VisitorStore,
  { storeTimeout, storeCache }: ResolvedOptions,
  project: () => LoadedProject | undefined,
  { reportOutage, reportRecovery }: Reporter,
): RemoteStore {
  return new RemoteStore(store, {
    budget: storeTimeout,
    cache: storeCache ?? NOTHING,
    isComplete: (state) => {
      const loaded = project();
      return loaded !== undefined && isInAll(state, loaded.running);
    },
    failing: reportOutage,
    worksAgain: () => reportRecovery('the visitor store answers again'),
  });
}

function outboxListener({ emit, reportOutage, reportRecovery, warnOnce }: Reporter): OutboxListener {
  return {
    delivered: (count) => emit('delivered', { count }),
    dropped: (count, reason) => {
      const warning = DROP_WARNINGS[reason];
      if (warning !== undefined) warnOnce('CONVERT_EVENTS_DROPPED', warning, reason);
      emit('dropped', { count, reason });
    },
    error: reportOutage,
    recovered: reportRecovery,
  };
}

const DEBUG_TOKEN_WARNING =
  'option `debugToken` is set: experiences that are not active are shown to everybody, read-only; ' +
  'leave it out in production';

function repositoryListener(
  { emit, reportOutage, reportRecovery }: Reporter,
  logger: Logger,
): Pick<
  ProjectRepositoryOptions<LoadedProject>,
  'onError' | 'onOlder' | 'onRecovery' | 'onCacheFailure' | 'onCacheRecovery'
> {
  return {
    onError: (error, inARow) => {
      if (inARow === 1) logError(logger, error);
      emit('error', error);
    },
    onOlder: (checkedAt, failures) => {
      const from = `started with the project config of ${new Date(checkedAt).toISOString()} from the cache`;
      // An endpoint that is only slow is not worth a warning.
      const message = `${from}; the endpoint fails, and is asked again`;
      if (failures > 0) logWarning(logger, 'CONVERT_CONFIG_FROM_CACHE', message);
      else logger.info?.(`convert: ${from}; the endpoint has not answered yet`);
    },
    onRecovery: (failures) => reportRecovery(`the project config is back after ${failures} failures`),
    onCacheFailure: reportOutage,
    onCacheRecovery: reportRecovery,
  };
}
