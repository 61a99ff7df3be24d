/**
 * The types that all entries of the package export, so that the declarations of an app that imports only one entry can
 * name whatever a function returns.
 */
export type {
  ContextOpener,
  Convert,
  ConvertStats,
  ForVisitorOptions,
  JobStats,
  OrderFile,
  OrderFiles,
  RouteConvert,
} from './types.js';
export type { Digests, HmacAlgorithm, Mac } from '../utils/digests.js';
export type { PreviewLinkOptions } from './preview-url.js';
export type { CloseOptions, CloseWithOptions, ClosingServer } from './shutdown.js';
export type { ConvertErrorCode } from '../utils/errors.js';
export type {
  HeaderValue,
  IncomingRequest,
  OutgoingResponse,
  ResponseHead,
  RouteHandler,
  RouteRequest,
  RouteResponse,
  WaitUntil,
} from '../model/http.js';
export type { Logger } from '../utils/logger.js';
export type { HttpAgent, TransportOption } from '../utils/transport-option.js';
export type { MemoryStore, MemoryStoreOptions } from '../store/memory-store.js';
export type { StoreCacheOptions, StoreStats } from '../store/remote-store.js';
export type { CommitOptions, ReadOptions, SdkDataStore, VisitorStore } from '../store/types.js';
export type {
  AnyFeature,
  AnyVariation,
  BucketingOptions,
  ConversionAttributes,
  DisabledFeature,
  EnabledFeature,
  Engine,
  ExperienceAttributes,
  Feature,
  FeatureAttributes,
  SegmentsAttributes,
  Variation,
} from '../engine/types.js';
export type {
  Bridge,
  BridgeData,
  DataLayerOptions,
  Ga4Options,
  ScriptOptions,
  SignalOptions,
  TrackingScriptOptions,
} from '../bridge/bridge.js';
export type { PreviewMarkOptions } from '../bridge/preview-mark.js';
export type {
  Breaker,
  DeliveryLedger,
  DeliveryStats,
  Destination,
  DisabledBy,
  DropReason,
  Offer,
  Outbox,
  OutboxFactory,
  OutboxListener,
  OutboxOptions,
  Transport,
  TransportAnswer,
} from '../delivery/types.js';
export type { SpoolOptions } from '../delivery/spool/spool-outbox.js';
export type {
  ChangeConfig,
  ExperienceConfig,
  FeatureConfig,
  ProjectConfig,
  Rule,
  RuleEntityConfig,
  RuleSet,
  VariationConfig,
  Standing,
} from '../model/project-config.js';
export type {
  ShortExperience,
  ShortExperienceSettings,
  ShortProject,
  ShortVariation,
  ShortVariations,
} from '../model/short-project.js';
export type {
  AnyVariables,
  ConvertProject,
  DecidedKey,
  ExperienceKey,
  FeatureKey,
  FeatureVariables,
  GoalKey,
  VariationKey,
} from '../model/project-keys.js';
export type { CachedProject, ProjectCache } from '../project/cache/types.js';
export type { CachedConfigInfo, ProjectSink, ProjectSource } from '../project/types.js';
export type { ProjectStats } from '../project/repository.js';
export type { StateStats } from '../context/state-problems.js';
export type { CookieStats } from './cookie-formats.js';
export type { GeoFacts, GeoOption, GeoSource } from '../request/geo/geo.js';
export type { VisitorRequest } from '../request/described-request.js';
export type { PropertiesOption } from '../request/request-reader.js';
export type {
  BucketingEvent,
  ConversionEvent,
  GoalData,
  ReportSegments,
  VisitorEvent,
  WireEvent,
} from '../model/tracking-event.js';
export type {
  Consent,
  ConsentAnswer,
  ConsentBy,
  ConsentCookieOptions,
  ConsentFunction,
  ConsentFunctionOptions,
  ConsentListOptions,
  ConsentMode,
  ConsentOption,
  ConsentPlatformName,
  ConsentSource,
} from '../consent/consent.js';
export type { PrivacySignals } from '../consent/privacy-signals.js';
export type { VisitorOptions } from '../identity/visitor-identity.js';
export type { ResponseCacheOptions } from '../identity/cookies/key-cookie.js';
export type { SessionCookieOptions } from '../identity/cookies/session-cookie.js';
export type { PreviewCookieOptions } from '../identity/cookies/preview-cookie.js';
export type { AssignmentCookieOptions } from '../identity/cookies/assignment-cookie.js';
export type { BotsOption } from '../identity/bot-check.js';
export type {
  Claim,
  Committed,
  DeferredChange,
  DeferredEvent,
  StateChange,
  VisitorState,
} from '../model/visitor-state/types.js';
export type { GeoHeaders, GeoListener, GeoReader } from '../request/geo/types.js';
export type { ConvertOptions, DeliveryOptions } from '../options/types.js';
export type {
  ConvertEvents,
  Explanation,
  Reason,
  ConvertContext,
  ShareOptions,
  VisitorContext,
  VisitorData,
} from '../context/types.js';
export type { ConfigEntity, EntityType } from '../context/config-entities.js';
export type {
  CommitReport,
  TrackOutcome,
  ConversionResult,
  TrackedConversion,
} from '../context/conversion-outcomes.js';
export type { LocationProperties, VisitorProperties, Vocabulary } from '../request/property-tables.js';
export type { ConsentPlatformOptions } from '../consent/platforms/index.js';
export type { OptOut } from '../consent/answer.js';
export type { VisitorCookieOptions } from '../identity/cookies/visitor-cookie.js';
export type { RequestFunction } from '../utils/app-callback.js';
export type { Backoff } from '../utils/backoff.js';
export type { Device } from '../request/user-agent/user-agent.js';
export type { GeoPlatform } from '../request/geo/geo-platforms.js';
