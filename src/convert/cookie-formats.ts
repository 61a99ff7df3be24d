/** Counts cookies of newer versions of this package, and tells the operator of the first one. */
import type { Reporter } from './reporter.js';

/** `stats().cookies`: cookies that could not be read. */
export interface CookieStats {
  /** Cookies of ours that a newer version of this package has set, or that somebody made up. They are left alone. */
  readonly unknownFormat: number;
}

export class CookieFormats {
  #count = 0;

  constructor(private readonly warnOnce: Reporter['warnOnce']) {}

  readonly unknown = (cookie: string): void => {
    this.#count += 1;
    this.warnOnce(
      'CONVERT_COOKIE_FORMAT',
      `a cookie \`${cookie}\` has an unknown format, and is left alone: a newer version of this package has set it ` +
        '(as it should be while a new version is rolled out or back), or somebody made it up',
    );
  };

  stats(): CookieStats {
    return { unknownFormat: this.#count };
  }
}
