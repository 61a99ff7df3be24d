/** What is known of a client: browser, system and device. */
import type { BrowserCode } from './browsers.js';
import type { FormFactor } from './devices.js';

export type Device = FormFactor | 'bot';

export interface UserAgent {
  /**
   * The browser in lower case: `chrome firefox safari edge opera ie mozilla netscape`, another browser's own name, or
   * `other`.
   */
  readonly browser: string;
  readonly browserCode: BrowserCode;
  /** The version of the browser, `major` or `major.minor` (`120`, `17.4`), so that rules can compare it as a number. */
  readonly browserVersion: string | undefined;
  /** The system in lower case: `windows macos ios android linux chrome os`, another system's own name, or `other`. */
  readonly os: string;
  readonly device: Device;
  /** The kind of device; of a bot, the kind that it pretends to be. */
  readonly form: FormFactor;
  /** The codes of the device in Convert's reports. Frozen. */
  readonly deviceCodes: readonly string[];
}

/** A client of which nothing is known, as `parseUserAgent('')` returns it. */
export const UNKNOWN_CLIENT: UserAgent = Object.freeze({
  browser: 'other',
  browserCode: 'OTH',
  browserVersion: undefined,
  os: 'other',
  device: 'other',
  form: 'other',
  deviceCodes: Object.freeze(['OTHDEV']),
});
