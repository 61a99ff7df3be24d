/**
 * Gives a lease to each claim (the first write of a variation, goal or transaction of one visitor) whose event is not
 * yet in an outbox that outlives the process. This process renews the lease until the event is there; then the claim
 * stands for good. If the process dies before, the lease runs out and the claim lapses: the visitor is exposed, or
 * converts, another time.
 */
import type { VisitorState } from '../model/visitor-state/types.js';
import type { VisitorStore } from '../store/types.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { unrefTimeout } from '../utils/node/timers.js';

/**
 * Milliseconds after which a claim lapses if its process does not renew the lease: the claim counts as not made then.
 */
export const CLAIM_LEASE = 10_000;

/** Milliseconds after which a process renews the lease of a claim whose event it still has. */
const RENEWAL = CLAIM_LEASE / 2;
/**
 * If the store fails to settle a claim: the milliseconds between two attempts, and the most attempts. Some attempts are
 * made while the lease lasts, and some after it.
 */
const RETRY = 1_000;
const ATTEMPTS = 15;
/**
 * The most entries that wait for another attempt while the store fails. Claims beyond them are not settled, and lapse.
 */
const MAX_RETRIES = 10_000;

/** Claims of one visitor that the store took in one commit, and that are on lease. */
export interface PendingClaims {
  readonly storeKey: string;
  readonly names: readonly string[];
  readonly ephemeral: boolean;
  /** The visitor's state, as the store returned it when it committed the claims. */
  readonly known: VisitorState;
}

interface Open {
  readonly claims: PendingClaims;
  /** The time, by performance.now(), when the lease is to be renewed. */
  limit: number;
  isSettled: boolean;
}

export class ClaimLeases {
  /** The leases, ordered by `limit`: the one that has to be renewed next comes first. */
  #open: Open[] = [];
  #isPlanned = false;
  #isStopped = false;
  readonly #retries = new Set<PendingClaims>();

  constructor(
    private readonly store: VisitorStore,
    private readonly report: (error: ConvertError) => void,
    /** Returns the present time, in milliseconds since the epoch. */
    private readonly now: () => number,
  ) {}

  /**
   * Opens a lease for claims. Returns a function that settles the claims, so that they stand for good: it is to be
   * called once their events outlive the process.
   */
  open(claims: PendingClaims): () => void {
    const open: Open = { claims, limit: performance.now() + RENEWAL, isSettled: false };
    this.#open.push(open);
    this.#plan();
    return () => this.#confirm(open);
  }

  /** Ends the leases of visitors who were forgotten: nothing more is written for their open claims. */
  forget(storeKeys: ReadonlySet<string>): void {
    for (const open of this.#open) open.isSettled ||= storeKeys.has(open.claims.storeKey);
    for (const claims of this.#retries) if (storeKeys.has(claims.storeKey)) this.#retries.delete(claims);
  }

  #look(): void {
    const now = performance.now();
    const first = this.#open.findIndex(({ limit, isSettled }) => limit > now && !isSettled);
    const due = this.#open.splice(0, first === -1 ? this.#open.length : first);
    for (const each of due) if (!each.isSettled) this.#renew(each);
    this.#isPlanned = false;
    this.#plan();
  }

  #plan(): void {
    const [next] = this.#open;
    if (this.#isPlanned || next === undefined) return;
    this.#isPlanned = true;
    unrefTimeout(() => this.#look(), Math.max(1, next.limit - performance.now()));
  }

  /** Stops renewing and settling claims. Claims whose events are still only in the memory of this process lapse. */
  stop(): void {
    this.#open = [];
    this.#isStopped = true;
  }

  #renew(open: Open): void {
    open.limit = performance.now() + RENEWAL;
    this.#open.push(open);
    const { storeKey, names, ephemeral, known } = open.claims;
    const now = this.now();
    const pending = { claims: names, until: now + CLAIM_LEASE };
    void this.#commit(storeKey, { at: now, pending }, { ephemeral, known }).catch((error: unknown) =>
      this.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to renew a claim')),
    );
  }

  #confirm(open: Open): void {
    if (open.isSettled || this.#isStopped) return;
    open.isSettled = true;
    void this.#store(open.claims, ATTEMPTS);
  }

  async #commit(...commit: Parameters<VisitorStore['commit']>): Promise<void> {
    await this.store.commit(...commit);
  }

  async #store(claims: PendingClaims, attempts: number): Promise<void> {
    const { storeKey, names, ephemeral, known } = claims;
    try {
      await this.#commit(storeKey, { settled: names }, { ephemeral, known });
    } catch (error) {
      // After the stop, the connection to the store is closed, and the claim lapses or stands as it is.
      if (this.#isStopped) return;
      this.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to settle a claim'));
      if (attempts <= 1 || this.#retries.size >= MAX_RETRIES) return;
      this.#retries.add(claims);
      setTimeout(() => {
        if (this.#retries.delete(claims)) void this.#store(claims, attempts - 1);
      }, RETRY).unref();
    }
  }
}
