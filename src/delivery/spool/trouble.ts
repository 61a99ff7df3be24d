/** What an operator hears of a disk that fails, and how long it is left alone. */
import { backoffCeiling } from '../../backoff.js';
import { ConvertError } from '../../errors.js';
import { codeOf } from '../failure.js';
import type { Ledger } from '../ledger.js';

/** Milliseconds between two attempts on a disk that fails. */
const DISK_BACKOFF = { min: 1_000, max: 30_000 };

export class Trouble {
  #failures = 0;
  readonly #told = new Set<string>();

  constructor(
    private readonly ledger: Ledger,
    private readonly root: string,
  ) {}

  /** Nothing can be stored at present. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Milliseconds to the next attempt. */
  get delay(): number {
    return backoffCeiling(DISK_BACKOFF, this.#failures);
  }

  /** Something could not be stored: told once, until something is. */
  failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const message =
      `events can not be written to the spool (${codeOf(error)}): they wait in memory until it works again, and are lost ` +
      `with the process (${this.root})`;
    this.ledger.error(error instanceof ConvertError ? error : spoolError(message, error));
  }

  /** Something was stored. */
  worksAgain(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.ledger.recovered('events are written to the spool again');
  }

  /** Somebody has deleted what was stored. */
  deleted(path: string): void {
    this.ledger.error(
      new ConvertError(
        'CONVERT_SPOOL',
        `somebody deleted the spool folder ${path}: what was on disk alone is lost, and the folder is made again`,
      ),
    );
  }

  /** What is stored can't be read, synced or adopted now: told once for each kind. */
  met(error: unknown): void {
    const code = codeOf(error);
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.ledger.error(
      spoolError(`a part of the spool can not be read or synced (${code}; ${this.root})`, error),
    );
  }
}

const spoolError = (message: string, cause: unknown): ConvertError =>
  new ConvertError('CONVERT_SPOOL', message, { cause });
