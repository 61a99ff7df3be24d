/**
 * Reads the parameter of preview links: `?convert_preview={experienceId}.{variationId}`, as the official SDK 5 does,
 * and the values that this package has besides.
 */
import type { Preview } from '../model/preview.js';
import { queryValue } from './query-parameters.js';
import { parseTarget } from './url.js';

export const PREVIEW_PARAMETER = 'convert_preview';
/** The value with which a person leaves a preview that a cookie keeps. */
export const PREVIEW_EXIT = 'off';

const IDS = /^(\d{1,20})\.(\d{1,20})$/;

/** False for nearly all URLs, by a check that is cheaper than parsing the query; true for all with a preview link. */
export const hasPreviewLink = (url: string): boolean => url.includes(PREVIEW_PARAMETER);

/** Returns the value of the parameter, at most `max` characters of it; undefined if the URL has none. */
export function previewValue(url: string, max: number, parameter = PREVIEW_PARAMETER): string | undefined {
  if (!hasPreviewLink(url)) return undefined;
  return queryValue(parseTarget(url).query, parameter, max);
}

/** Reads a link of Convert's form; undefined for any other value. */
export function previewIds(value: string): Preview | undefined {
  const [, experienceId, variationId] = IDS.exec(value) ?? [];
  return experienceId === undefined || variationId === undefined ? undefined : { experienceId, variationId };
}

/**
 * Returns path and query of the page without its preview link, as a link for this page. `clears` leaves a value in it
 * that takes a cookie away, too.
 */
export function exitTarget(url: string, clears: boolean, parameter = PREVIEW_PARAMETER): string {
  const { path, query } = parseTarget(url);
  const others = query.split('&').filter((each) => each !== '' && !isOf(parameter, each));
  if (clears) others.push(`${parameter}=${PREVIEW_EXIT}`);
  // A path that begins with two slashes would name another host (https://url.spec.whatwg.org/#url-serializing);
  // browsers leave tabs and line ends out before they look.
  const own = /^\/[\t\n\r]*[/\\]/.test(path) ? `/.${path}` : path;
  return others.length === 0 ? own : `${own}?${others.join('&')}`;
}

const isOf = (parameter: string, pair: string): boolean =>
  pair === parameter || pair.startsWith(`${parameter}=`);
