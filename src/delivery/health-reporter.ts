/** What an operator hears of a place that fails, where events are kept, and how long it is left alone. */
import { type Backoff, backoffCeiling } from '../utils/backoff.js';
import { codeOf, ConvertError } from '../utils/errors.js';
import type { Ledger } from './ledger.js';

/** `code` is that of the error that was met. */
export interface HealthTexts {
  readonly failing: (code: string) => string;
  readonly worksAgain: string;
  readonly met: (code: string) => string;
}

export class HealthReporter {
  #failures = 0;
  readonly #told = new Set<string>();
  #isOver = false;

  constructor(
    private readonly ledger: Ledger,
    private readonly backoff: Backoff,
    private readonly texts: HealthTexts,
  ) {}

  /** Nothing can be stored at present. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Milliseconds to the next attempt. */
  get delay(): number {
    return backoffCeiling(this.backoff, this.#failures);
  }

  /** Something could not be stored: told once, until something is. */
  failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    this.#error(
      error instanceof ConvertError ? error : storageError(this.texts.failing(codeOf(error)), error),
    );
  }

  /** Something was stored. */
  worksAgain(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    if (!this.#isOver) this.ledger.recovered(this.texts.worksAgain);
  }

  /** Something else went wrong: told once for each kind. */
  met(error: unknown): void {
    const code = codeOf(error);
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.tell(this.texts.met(code), error);
  }

  tell(what: string, cause?: unknown): void {
    this.#error(storageError(what, cause));
  }

  /** Nothing is told any more. */
  end(): void {
    this.#isOver = true;
  }

  #error(error: ConvertError): void {
    if (!this.#isOver) this.ledger.error(error);
  }
}

const storageError = (message: string, cause: unknown): ConvertError =>
  new ConvertError('CONVERT_SPOOL', message, { cause });
