/** Measures the text of a project config before it is parsed, so that no config fills the memory or blocks the loop. */
import { ConvertError } from '../utils/errors.js';

export interface ConfigLimits {
  /** The most bytes of a config, decompressed. Default 5 MiB. */
  readonly maxBytes?: number | undefined;
}

/** The default for the most bytes of a config, decompressed: 5 MiB. Real configs are some hundred kilobytes. */
export const MAX_CONFIG_BYTES = 5 * 1024 * 1024;
/** The greatest depth to which lists and objects may be nested. Real configs have a depth of some 12. */
const MAX_DEPTH = 64;
/** The most values of a config, the names of fields not counted. */
const MAX_VALUES = 500_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** @throws ConvertError `CONVERT_BAD_PROJECT` if the text is too long, too deep, or has too many values */
export function assertWithinLimits(body: Uint8Array, where: string, { maxBytes }: ConfigLimits = {}): void {
  const most = maxBytes ?? MAX_CONFIG_BYTES;
  const problem = body.length > most ? `it is larger than ${most} bytes` : structureProblem(body);
  if (problem !== undefined)
    throw new ConvertError('CONVERT_BAD_PROJECT', `${where} is not taken: ${problem}`);
}

/**
 * Counts depth and values of a JSON text, without parsing it. In JSON, each value but the first follows a comma or an
 * opening bracket. In UTF-8, no byte of a character beyond ASCII equals one of these signs.
 */
function structureProblem(body: Uint8Array): string | undefined {
  let depth = 0;
  let values = 1;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === QUOTE) i = endOfText(body, i);
    else if (byte === COMMA) values++;
    else if (OPENING.has(byte)) {
      depth++;
      values++;
      if (depth > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} levels deep`;
    } else if (CLOSING.has(byte)) depth--;
    if (values > MAX_VALUES) return `it holds more than ${MAX_VALUES} values`;
  }
  return undefined;
}

/** Returns the index of the quote that ends the text which begins at `start`. */
function endOfText(body: Uint8Array, start: number): number {
  for (let i = start + 1; i < body.length; i++) {
    if (body[i] === BACKSLASH) i++;
    else if (body[i] === QUOTE) return i;
  }
  return body.length;
}
