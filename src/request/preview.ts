/** Reads Convert's preview links, `?convert_preview={experienceId}.{variationId}`, as the official SDK 5 does. */
import type { Preview } from '../model/preview.js';
import { queryValue } from './query-parameters.js';
import { parseTarget } from './url.js';

const PARAMETER = 'convert_preview';
const IDS = /^(\d{1,20})\.(\d{1,20})$/;

export function previewLink(url: string): Preview | undefined {
  // Nearly no request has the parameter, and this check is cheaper than parsing the query.
  if (!url.includes(PARAMETER)) return undefined;
  const value = queryValue(parseTarget(url).query, PARAMETER, 64);
  const [, experienceId, variationId] = IDS.exec(value ?? '') ?? [];
  return experienceId === undefined || variationId === undefined ? undefined : { experienceId, variationId };
}
