/**
 * Keeps the leases of the processes that share a spool folder: each process touches a file of its own while it lives. A
 * process whose lease is missing, or was not touched for long, counts as dead.
 *
 * No two clocks are compared: the time without a touch is measured by the clock of the process that looks at the lease.
 */
import { join } from 'node:path';
import { codeOf, ignoreMissing } from '../../utils/errors.js';
import type { SpoolFiles } from './files.js';

export const LEASE = '.lease';

export interface LeaseOptions {
  /** Milliseconds between two touches of the lease. Default 2,000. */
  beat?: number;
  /** Milliseconds without a touch of the lease after which a process counts as dead. Default 10,000. */
  lease?: number;
}

const DEFAULT_BEAT = 2_000;
const DEFAULT_LEASE = 10_000;

/** The lease of this process. */
export class OwnLease {
  readonly #path: string;
  readonly #lease: number;
  readonly #timer: NodeJS.Timeout;
  /** The time, by performance.now(), at which the last successful touch of the lease began. */
  #beaten = -Infinity;
  #beating: Promise<void> | undefined;
  #pauses = 0;

  constructor(
    private readonly files: SpoolFiles,
    folder: string,
    owner: string,
    { beat = DEFAULT_BEAT, lease = DEFAULT_LEASE }: LeaseOptions,
  ) {
    this.#path = join(folder, owner + LEASE);
    this.#lease = lease;
    this.#timer = setInterval(() => void this.touch().catch(() => undefined), beat).unref();
  }

  /** The number of times at which other processes may have taken over the logs of this one. */
  get pauses(): number {
    return this.#pauses;
  }

  /** True if the lease was touched so recently that no other process can take this one for dead. */
  get isFresh(): boolean {
    return performance.now() - this.#beaten < this.#lease / 2;
  }

  /** Notes that other processes may have taken over the logs of this one. */
  doubt(): void {
    this.#pauses += 1;
  }

  touch(): Promise<void> {
    return (this.#beating ??= this.#touchNow().finally(() => (this.#beating = undefined)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends the touches of the lease. Resolves once none is under way. */
  async end(): Promise<void> {
    this.stop();
    await this.#beating?.catch(() => undefined);
  }

  /** Deletes the lease. If this process leaves logs in the folder, another process can take them over at once. */
  async remove(): Promise<void> {
    await this.files.remove(this.#path).catch(ignoreMissing);
  }

  async #touchNow(): Promise<void> {
    const began = performance.now();
    try {
      await this.files.touch(this.#path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // If the lease was there before, another process removed it because it took this one for dead. The lease is made
      // again: without it, further processes would take this one for dead, too.
      if (this.#beaten !== -Infinity) this.doubt();
      await (await this.files.create(this.#path)).close();
    }
    if (began - this.#beaten > this.#lease / 2) this.doubt();
    this.#beaten = began;
  }
}

/** The leases of the other processes. */
export class OtherLeases {
  readonly #lease: number;
  /**
   * The lease of each other process: when it was last touched, and since when this process has seen it so, by
   * performance.now().
   */
  readonly #seen = new Map<string, { touched: number | undefined; since: number }>();

  constructor(
    private readonly files: SpoolFiles,
    private readonly folder: string,
    { lease = DEFAULT_LEASE }: LeaseOptions,
  ) {
    this.#lease = lease;
  }

  /** Forgets the leases of processes that are not among `owners`: they have left the folder. */
  keepOnly(owners: ReadonlySet<string | undefined>): void {
    for (const owner of this.#seen.keys()) if (!owners.has(owner)) this.#seen.delete(owner);
  }

  /**
   * Looks at the lease of a process. Returns true if the lease is missing, or was not touched for too long since an
   * earlier look. So a process that has a lease counts as dead at the second look at the earliest.
   */
  async isDead(owner: string): Promise<boolean> {
    const touched = (await this.files.inspect(join(this.folder, owner + LEASE)))?.touched;
    const now = performance.now();
    const before = this.#seen.get(owner);
    if (before === undefined || before.touched !== touched) {
      this.#seen.set(owner, { touched, since: now });
      // A process without a lease has given up its logs, since each process makes its lease before its first log.
      return touched === undefined;
    }
    return now - before.since >= this.#lease;
  }
}
