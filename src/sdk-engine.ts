/** `convert-middleware/sdk-engine`: the official SDK as the engine that decides. */
export { sdkEngine, type SdkEngineOptions } from './integrations/convert-sdk/sdk-engine.js';
export { SUPPORTED_SDK, type ConvertSDKClass } from './integrations/convert-sdk/sdk-instance.js';
export type * from './convert/public-types.js';
