/** `convert-middleware/testing`: a `Convert` with fixed answers for an app's own tests, and a suite for stores. */
export { testConvert, type TestConvert, type TestConvertOptions } from './testing/test-convert.js';
export type { Answer, Answers, VariationAnswer } from './testing/answers.js';
export {
  storeConformance,
  type It,
  type StoreCapabilities,
  type StoreFactory,
} from './testing/store-conformance.js';
export type { RecordedConversion, RecordedExposure } from './testing/recorder.js';
export type * from './convert/public-types.js';
