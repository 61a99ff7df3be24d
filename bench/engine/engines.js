/** The engines of this package, as far as the build has them. */
import ConvertSDK from '@convertcom/js-sdk';
import { sdkEngine } from 'convert-middleware/sdk-engine';

const NOT_BUILT = ['ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_MODULE_NOT_FOUND'];

/** What `convert-middleware/engine` exports; nothing where there is no such export. */
const own = await import('convert-middleware/engine').catch((error) => {
  if (NOT_BUILT.includes(error.code)) return {};
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
