/** Finds the official SDK where it is installed: it is the engine of a Convert that is given none. */
import { createRequire } from 'node:module';
import type { Engine } from './engine/port.js';
import { ConvertError } from './errors.js';
import { sdkEngine, SUPPORTED_SDK, type SdkEngineOptions } from './sdk-engine.js';

/** @throws ConvertError `CONVERT_NO_ENGINE` that says what to install */
export function installedSdkEngine(options: SdkEngineOptions): Engine {
  const load = createRequire(import.meta.url);
  let sdk: unknown;
  try {
    sdk = load('@convertcom/js-sdk');
  } catch (cause) {
    throw new ConvertError(
      'CONVERT_NO_ENGINE',
      `no engine: install the official SDK with \`npm install @convertcom/js-sdk@${SUPPORTED_SDK} --legacy-peer-deps\`,` +
        ' or give an `engine`',
      { cause },
    );
  }
  return sdkEngine(sdk, options);
}
