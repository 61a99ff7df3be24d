/** The core: everything that is not a framework's. */
export { createConvert } from './convert.js';
export type { Convert, ConvertStats, ForVisitorOptions } from './convert.js';
export type { ConvertContext, VisitorContext } from './context.js';
export type { CloseOptions, ClosingServer } from './close-with.js';
export { ConvertError, type ConvertErrorCode } from './errors.js';
export type { IncomingRequest, OutgoingResponse, ResponseHead, WaitUntil } from './exchange.js';
export type { Logger } from './logger.js';
export { memoryStore, type MemoryStore, type MemoryStoreOptions } from './store/memory-store.js';
export type { StoreCacheOptions, StoreStats } from './store/remote-store.js';
export type { CommitOptions, SdkDataStore, VisitorStore } from './store/port.js';
export type {
  ConversionAttributes,
  Engine,
  ExperienceAttributes,
  Feature,
  FeatureAttributes,
  SegmentsAttributes,
  Variation,
} from './engine/port.js';
export type { Bridge, BridgeData } from './bridge/bridge.js';
export type {
  DeliveryLedger,
  DeliveryStats,
  DropReason,
  Outbox,
  OutboxFactory,
  OutboxOptions,
} from './delivery/port.js';
export type { SpoolOptions } from './delivery/spool-outbox.js';
export type { ProjectConfig } from './project-config.js';
export type { CachedProject, ProjectCache } from './project/cache-port.js';
export type { Kept, ProjectSink, ProjectSource } from './project/port.js';
export type { ProjectStats } from './project/keeper.js';
export type { GeoFacts, GeoOption } from './request/geo.js';
export type { PropertiesOption } from './request/reader.js';
export type { GoalData, ReportSegments } from './tracking.js';
export type {
  Consent,
  ConsentAnswer,
  ConsentBy,
  ConsentMode,
  ConsentOption,
  ConsentPlatformName,
  ConsentSource,
} from './visitor/consent.js';
export type { PrivacySignals } from './visitor/privacy-signals.js';
export type { VisitorOptions } from './visitor/identity.js';
export type { SessionCookieOptions } from './visitor/session-cookie.js';
export type { AssignmentCookieOptions } from './visitor/assignment-cookie.js';
export type { BotsOption } from './visitor/bots.js';
export type { Claim, Committed, StateChange, VisitorState } from './model/visitor-state/types.js';
export type { GeoListener, GeoReader } from './request/geo/types.js';
export type { ConvertOptions, DeliveryOptions } from './options/types.js';
export type { ConvertEvents, Explanation, Reason } from './context/types.js';
