/** `convert-middleware/sdk-engine`: the official SDK as the engine that decides. */
export {
  SUPPORTED_SDK,
  sdkEngine,
  type ConvertSDKClass,
  type SdkEngineOptions,
} from './integrations/convert-sdk/sdk-engine.js';
