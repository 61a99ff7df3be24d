/** The engines of this package, as far as the build has them. */
import ConvertSDK from '@convertcom/js-sdk';
import { fromBuild } from '../support/build.js';

const { sdkEngine } = await fromBuild('sdk-engine');
/** What the entry `engine` exports; nothing where the build has no such entry. */
const own = await fromBuild('engine').catch((error) => {
  if (error.code === 'ERR_MODULE_NOT_FOUND') return {};
  throw error;
});

export const compiledEngine = own.compiledEngine?.();
export const validate = own.validate;
export const adapter = sdkEngine(ConvertSDK);

/** A visitor as the context of a request gives it to an engine. */
export const engineVisitor = (id, state, locationProperties, visitorProperties) => ({
  id,
  state,
  locationProperties: { get: (name) => locationProperties[name] },
  visitorProperties: { get: (name) => visitorProperties[name] },
  environment: 'staging',
  memo: {},
});
