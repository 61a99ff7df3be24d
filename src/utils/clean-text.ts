/** The one cleaner for texts of others that stand in messages: names in a config, messages of servers and libraries. */

/**
 * Control characters, line ends, marks that turn the direction of writing, other invisible characters, and halves of
 * surrogate pairs. In a log, they forge lines, hide text, or change the terminal of whoever reads it.
 */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Returns a text that is fit for one line of a log: each unfit character is replaced by `?`, and the text is cut.
 *
 * @param max the most UTF-16 code units of the result. Default 4,000
 */
export function cleanText(text: string, max = 4_000): string {
  const line = text.length > max ? `${text.slice(0, max - 3)}...` : text;
  return line.replace(UNFIT, '?');
}

/** Returns a name that comes from outside in quotes, cleaned and cut at 64 characters. */
export function quoteName(name: unknown): string {
  return `"${cleanText(String(name), 64).replace(/["\\]/g, '\\$&')}"`;
}
