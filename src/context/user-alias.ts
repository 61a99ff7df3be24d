/** Handles `identify()` at a login: finds the visitor id of the user's first device, for this device to take over. */
import { isUserId, userHash } from '../identity/user-hash.js';
import { aliasKey } from '../model/store-key.js';
import { isVisitorId } from '../model/visitor-state/parse-state.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError } from '../utils/errors.js';
import type { Participation } from './participation.js';
import type { Runtime } from './runtime.js';

export class UserAlias {
  #takesOver: string | null | undefined;
  /** The store key of the user's alias, if the alias is the id of this visitor; undefined if not, or not known yet. */
  #key: string | undefined;

  constructor(private readonly runtime: Runtime) {}

  /**
   * The visitor id of the user's first device, if this device has to take it over; null if there is none to take over;
   * undefined if the store has not answered.
   */
  get takesOver(): string | null | undefined {
    return this.#takesOver;
  }

  /**
   * Stores this visitor's id as the alias of the user, unless the user has an alias. `asking` is called just before the
   * store is called, and not at all if the store is not called. Never rejects.
   */
  async claim(participation: Participation, userId: string | number, asking: () => void): Promise<void> {
    if (participation.status !== 'participating' || !participation.work.enrols) return;
    const { visitor, project, work } = participation;
    const { id, origin } = visitor;
    if (!isUserId(userId)) {
      this.runtime.warnOnce(
        'identify',
        'identify() was given no id of a user (a string of 1 to 256 characters, or a number)',
      );
      return;
    }
    if (origin !== 'cookie' && origin !== 'generated') {
      this.runtime.warnOnce(
        'identify-app',
        'identify() is for visitors who are known by our cookie; this one is known otherwise',
      );
      return;
    }
    try {
      const user = userHash(userId);
      const key = aliasKey(project.config, user);
      if (work.state.users?.includes(user) !== true) work.record({ users: [user] }, []);
      asking();
      const { storeTimeout, store } = this.runtime;
      const { state } = await withStoreTimeout(
        storeTimeout,
        store.commit(key, { alias: id }, { ephemeral: false }),
      );
      if (state.alias === id) this.#key = key;
      // A store of the app may resolve with anything.
      this.#takesOver = state.alias === id || !isVisitorId(state.alias) ? null : state.alias;
    } catch (error) {
      this.runtime.report(
        asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to identify a user'),
      );
    }
  }

  /**
   * Deletes the user's alias if it is the id of this visitor. Called for a new visitor whose cookie was not set: no
   * later request will have that id.
   */
  takeBack(): void {
    const key = this.#key;
    this.#key = undefined;
    if (key === undefined) return;
    void withStoreTimeout(STORE_LIMIT, this.runtime.store.delete(key)).catch((error: unknown) =>
      this.runtime.report(
        asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to take back a user'),
      ),
    );
  }
}
