/**
 * Handles `identify()` at a login: finds the visitor id of the user's first device, for this device to take over. A
 * visitor belongs to the first user who logs in as this visitor, and is never another user's first visitor.
 */
import type { Hashes } from '../identity/hasher.js';
import { isUserId } from '../identity/user-hash.js';
import { aliasKey } from '../model/store-key.js';
import { isVisitorId } from '../model/visitor-state/parse-state.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError } from '../utils/errors.js';
import type { Participating, Participation } from './participation.js';
import type { Runtime } from './runtime.js';

/** What links a user to a visitor is kept for as long as the state of a visitor who has come back. */
const KEPT = { ephemeral: false };

export class UserAlias {
  #takesOver: string | null | undefined;
  /** The store keys under which this visitor was stored as a user's. */
  readonly #claimed = new Set<string>();
  /** True if the cookie of a new visitor was not set, so that no later request will have the id. */
  #isLost = false;

  /** `request` is the framework's request object, for the option `waitUntil`. */
  constructor(
    private readonly runtime: Runtime,
    private readonly request: unknown,
  ) {}

  /**
   * The visitor id of the user's first device, if this device has to take it over; null if there is none to take over;
   * undefined if the store has not answered.
   */
  get takesOver(): string | null | undefined {
    return this.#takesOver;
  }

  /**
   * Stores this visitor's id as the alias of the user, unless the user has an alias. If this visitor belongs to another
   * user, a new visitor id becomes the alias. `asking` is called just before the store is called, and not at all if the
   * store is not called. Never rejects.
   */
  async claim(participation: Participation, userId: string | number, asking: () => void): Promise<void> {
    if (participation.status !== 'participating' || !participation.work.enrols) return;
    const { id, origin } = participation.visitor;
    if (!isUserId(userId)) {
      this.runtime.warnOnce(
        'CONVERT_IDENTIFY',
        'identify() was given no id of a user (a string of 1 to 256 characters, or a number)',
      );
      return;
    }
    if (origin !== 'cookie' && origin !== 'generated') {
      this.runtime.warnOnce(
        'CONVERT_IDENTIFY',
        'identify() is for visitors who are known by our cookie; this one is known otherwise',
        'app',
      );
      return;
    }
    try {
      asking();
      const stored = this.#aliasOf(participation, this.runtime.userHashes(userId));
      this.runtime.waitUntil?.(this.request, (done) => done(stored));
      const alias = await withStoreTimeout(this.runtime.storeTimeout, stored);
      if (alias !== undefined) this.#takesOver = alias === id ? null : alias;
    } catch (error) {
      this.runtime.report(
        asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to identify a user'),
      );
    }
  }

  /**
   * Returns the alias of the user, and stores it under the user's present hash if it is not there; undefined if the
   * store failed.
   */
  async #aliasOf({ visitor, project, work }: Participating, users: Hashes): Promise<string | undefined> {
    const { config } = project;
    const { newUuid, store, storeKeys } = this.runtime;
    const key = aliasKey(config, users[0]);
    this.#claimed.add(work.storeKey);
    const [stored, visitorState] = await Promise.all([
      Promise.all(users.map(async (user) => (await store.read(aliasKey(config, user)))?.alias)),
      work.keep({ users }),
    ]);
    const found = stored.find(isVisitorId);
    if (found !== undefined && found === stored[0]) return found;
    const owners = visitorState?.state.users;
    // The visitor could not be stored, or was forgotten meanwhile: nobody can say whose it is.
    if (owners === undefined) return found;
    const isOwn = owners.some((owner) => users.includes(owner));
    const alias = found ?? (isOwn ? visitor.id : newUuid());
    const aliasVisitorKey = alias === visitor.id ? undefined : storeKeys.of(config, alias, 'cookie');
    // The alias belongs to the user before it can be found: a new visitor id is nobody else's, and a visitor who is
    // forgotten takes the link from the user's present hash along.
    if (aliasVisitorKey !== undefined) await store.commit(aliasVisitorKey, { users }, KEPT);
    const { state } = await store.commit(key, { alias }, KEPT);
    if (state.alias === visitor.id) this.#claimed.add(key);
    if (this.#isLost) this.takeBack();
    // Another device of the user was faster, so that nobody gets the new id.
    const isUnused = found === undefined && state.alias !== alias;
    if (isUnused && aliasVisitorKey !== undefined) await store.delete(aliasVisitorKey);
    // A store of the app may resolve with anything.
    return isVisitorId(state.alias) ? state.alias : undefined;
  }

  /**
   * Deletes what was stored of this visitor as a user's. Called for a new visitor whose cookie was not set: no later
   * request will have that id.
   */
  takeBack(): void {
    this.#isLost = true;
    const deleted = Promise.all([...this.#claimed].map(async (key) => this.runtime.store.delete(key)));
    void withStoreTimeout(STORE_LIMIT, deleted).catch((error: unknown) =>
      this.runtime.report(
        asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to take back a user'),
      ),
    );
  }
}
