/** Asks the app's functions that answer with yes or no: `skip` and `preview`. */
import type { IncomingRequest } from '../model/http.js';
import { askYesOrNo, type RequestFunction } from '../utils/app-callback.js';
import type { ConvertError } from '../utils/errors.js';
import type { Runtime } from './runtime.js';

export function saysYes(
  runtime: Runtime,
  { raw }: IncomingRequest,
  option: string,
  ask: RequestFunction<unknown, unknown>,
): boolean {
  const onError = (error: ConvertError): void => runtime.report(error);
  return askYesOrNo(ask, raw, { option, otherwise: 'taken as false', onError });
}
