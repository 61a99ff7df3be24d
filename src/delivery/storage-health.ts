/**
 * Tells the operator, once per outage, that events can not be stored or read, and says how long the disk or the Redis
 * is left alone.
 */
import { type Backoff, backoffCeiling } from '../utils/backoff.js';
import { codeOf, ConvertError } from '../utils/errors.js';
import { HealthReporter } from '../utils/health-reporter.js';
import type { Ledger } from './ledger.js';

/** The messages for the operator. `code` is the code of the error, for example `ENOSPC`. */
export interface HealthTexts {
  readonly failing: (code: string) => string;
  readonly worksAgain: string;
  readonly met: (code: string) => string;
  /** Told once, if another version of this package keeps events in a format of its own beside these. */
  readonly otherFormats: string;
}

const FORMATS_FOUND = 'other formats';

export class StorageHealth {
  readonly #health = new HealthReporter();
  readonly #metCodes = new Set<string>();
  #formats = 0;
  #isOver = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly backoff: Backoff,
    private readonly texts: HealthTexts,
  ) {}

  /** The number of other formats in which events were found the last time. */
  get formats(): number {
    return this.#formats;
  }

  /** True from the first failure of the disk or Redis until it works again. */
  get isFailing(): boolean {
    return this.#health.isFailing;
  }

  /** Milliseconds to wait before the next attempt to use the disk or Redis. */
  get delay(): number {
    return backoffCeiling(this.backoff, this.#health.failures);
  }

  failed(error: unknown): void {
    if (!this.#health.failed()) return;
    this.#error(
      error instanceof ConvertError ? error : storageError(this.texts.failing(codeOf(error)), error),
    );
  }

  succeeded(): void {
    if (this.#health.succeeded() && !this.#isOver) this.ledger.recovered(this.texts.worksAgain);
  }

  /**
   * Tells the operator of an error after which the disk or Redis still counts as working. Each error code is told once.
   */
  met(error: unknown): void {
    const code = codeOf(error);
    if (this.#metCodes.has(code)) return;
    this.#metCodes.add(code);
    this.tell(this.texts.met(code), error);
  }

  /** Notes in how many other formats events were found. The operator is told of the first ones. */
  otherFormats(count: number): void {
    if (count > 0 && !this.#metCodes.has(FORMATS_FOUND)) {
      this.#metCodes.add(FORMATS_FOUND);
      this.tell(this.texts.otherFormats);
    }
    this.#formats = count;
  }

  tell(message: string, cause?: unknown): void {
    this.#error(storageError(message, cause));
  }

  /** From this call on, the operator is told nothing more. */
  end(): void {
    this.#isOver = true;
  }

  #error(error: ConvertError): void {
    if (!this.#isOver) this.ledger.error(error);
  }
}

const storageError = (message: string, cause: unknown): ConvertError =>
  new ConvertError('CONVERT_SPOOL', message, { cause });
