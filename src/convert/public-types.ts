/**
 * The types that all entries of the package export, so that the declarations of an app that imports only one entry can
 * name whatever a function returns.
 */
export type { Convert, ConvertStats, ForVisitorOptions, OrderFolder } from './types.js';
export type { PreviewLinkOptions } from './preview-url.js';
export type { CloseOptions, CloseWithOptions, ClosingServer } from './shutdown.js';
export type { ConvertErrorCode } from '../utils/errors.js';
export type {
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
  DeliveryLedger,
  DeliveryStats,
  DropReason,
  Outbox,
  OutboxFactory,
  OutboxOptions,
} from '../delivery/types.js';
export type { SpoolOptions } from '../delivery/spool/spool-outbox.js';
export type { ProjectConfig } from '../model/project-config.js';
export type {
  ConvertProject,
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
export type { GeoFacts, GeoOption } from '../request/geo/geo.js';
export type { VisitorRequest } from '../request/described-request.js';
export type { PropertiesOption } from '../request/request-reader.js';
export type { GoalData, ReportSegments } from '../model/tracking-event.js';
export type {
  Consent,
  ConsentAnswer,
  ConsentBy,
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
export type { Claim, Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
export type { GeoListener, GeoReader } from '../request/geo/types.js';
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
