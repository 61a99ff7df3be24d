/** The text of a config, from a file or an endpoint, to the config. */
import { ConvertError } from '../utils/errors.js';
import type { ProjectConfig } from '../model/project-config.js';
import { validateProject } from './parse-config.js';

/** Bytes, decompressed. Real configs are some hundred kilobytes. */
export const MAX_CONFIG_BYTES = 20 * 1024 * 1024;

/**
 * @param where the source, as operators know it; stands in the error
 * @throws ConvertError `CONVERT_BAD_PROJECT`; it never quotes the text
 */
export function parseProject(body: Buffer, where: string): ProjectConfig {
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the text, so it isn't kept as a cause.
    throw new ConvertError('CONVERT_BAD_PROJECT', `${where} is not JSON: ${whatElse(text)}`);
  }
  return validateProject(value, where);
}

function whatElse(text: string): string {
  const start = text.trimStart();
  if (start === '') return 'it is empty';
  if (start.startsWith('<')) return 'it looks like HTML';
  return 'it is cut off or garbled';
}
