/**
 * Keeps claims on lease while their events are on their way into an outbox that outlives the process. Until the events
 * are there, a claim lapses after a while: if the process dies, the visitor is exposed, or converts, another time. From
 * then on the claim stands for good.
 */
import type { VisitorState } from '../model/visitor-state/types.js';
import type { VisitorStore } from '../store/types.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';

/** Milliseconds after which a claim that its process does not renew counts as not made. */
export const CLAIM_LEASE = 10_000;

/** Milliseconds after which a lease is renewed: the process lives, and has the events. */
const RENEWAL = CLAIM_LEASE / 2;
/** Milliseconds between attempts if the store fails, and the most attempts: some within the lease, some beyond it. */
const RETRY = 1_000;
const ATTEMPTS = 15;
/** Claims that wait for a store that fails; more than that lapse. */
const MAX_RETRIES = 10_000;

/** Claims of one visitor that were committed together. */
export interface PendingClaims {
  readonly storeKey: string;
  readonly names: readonly string[];
  readonly ephemeral: boolean;
  /** The store's answer when they were committed. */
  readonly known: VisitorState;
}

interface Open {
  readonly claims: PendingClaims;
  /** The time, by performance.now(), when the lease is to be renewed. */
  limit: number;
  isSettled: boolean;
}

export class ClaimLeases {
  /** In the order of their limits. */
  #open: Open[] = [];
  #isPlanned = false;
  #isStopped = false;
  readonly #retries = new Set<PendingClaims>();

  constructor(
    private readonly store: VisitorStore,
    private readonly report: (error: ConvertError) => void,
    /** Milliseconds since the epoch. */
    private readonly now: () => number,
  ) {}

  /** Opens a lease for claims. The function that it returns settles them, once their events outlive the process. */
  open(claims: PendingClaims): () => void {
    const open: Open = { claims, limit: performance.now() + RENEWAL, isSettled: false };
    this.#open.push(open);
    this.#plan();
    return () => this.#confirm(open);
  }

  /** Writes nothing more under these keys for claims that are open now. */
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
    setTimeout(() => this.#look(), Math.max(1, next.limit - performance.now())).unref();
  }

  /** Claims of events that are nowhere but in this process lapse with it. */
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
      this.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to settle a claim'));
      if (attempts <= 1 || this.#retries.size >= MAX_RETRIES) return;
      this.#retries.add(claims);
      setTimeout(() => {
        if (this.#retries.delete(claims)) void this.#store(claims, attempts - 1);
      }, RETRY).unref();
    }
  }
}
