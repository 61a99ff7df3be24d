/** Erases the data of a visitor if the app calls `convert.forget`, or if the visitor denies or withdraws consent. */
import type { Withdrawal } from '../identity/visitor-identity.js';
import type { ProjectConfig } from '../model/project-config.js';
import { aliasKey, type IdOrigin } from '../model/store-key.js';
import { countEvents } from '../model/visitor-state/apply-change.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import { wasCarried } from './carry.js';
import { markDenial } from './denial-marks.js';
import { consentRecord, isRecordDue } from './recorded-consent.js';
import type { AfterCommit, LoadedProject, Runtime, RevocationReason, Revocations } from './runtime.js';

/**
 * Deletes the state and the waiting events of a visitor. Rejects with a ConvertError if some of the data may be left.
 */
export async function forgetVisitor(
  runtime: Runtime,
  { config }: LoadedProject,
  visitorId: string,
): Promise<void> {
  const { storeKeys, revocations, claimLeases, uncommitted } = runtime;
  // The id does not show whether it is an id of the app or one from our cookie, so both store keys are used.
  const keys = new Set(storeKeys.all(config, visitorId));
  for (const key of keys) revocations.add(key, 'forgotten');
  for (const each of uncommitted) if (keys.has(each.storeKey)) each.discard('forgotten');
  claimLeases?.forget(keys);
  const done = await Promise.allSettled([
    ...[...keys].map((key) => deleteState(runtime, config, key, visitorId)),
    dropPending(runtime, visitorId),
  ]);
  const [problem, ...others] = done.flatMap((each) =>
    each.status === 'rejected' ? [each.reason as ConvertError] : [],
  );
  for (const other of others) runtime.report(other);
  if (problem !== undefined) throw problem;
}

/**
 * Deletes a visitor's state, and the alias of the user to whom the visitor belongs, if it is the id of this visitor.
 * Returns the deleted state. Other devices of the user keep their visitor ids. A visitor who was carried leaves a mark.
 */
async function deleteVisitor(
  runtime: Runtime,
  config: ProjectConfig,
  key: string,
  id: string,
): Promise<VisitorState | undefined> {
  const { store } = runtime;
  const state = await store.read(key);
  // The mark comes first: if the process ends here, the visitor can be deleted again.
  if (state !== undefined) await markDenial(runtime, config, key, state);
  for (const user of asObject(state).users ?? []) {
    const ofUser = aliasKey(config, user);
    if ((await store.read(ofUser))?.alias === id) await store.delete(ofUser);
  }
  await store.delete(key);
  return state;
}

async function deleteState(
  runtime: Runtime,
  config: ProjectConfig,
  key: string,
  visitorId: string,
): Promise<void> {
  const { outbox } = runtime;
  const limited = <T>(result: T | PromiseLike<T>): Promise<T> =>
    withStoreTimeout(STORE_LIMIT, result, { keepAlive: true });
  try {
    const state = await limited(deleteVisitor(runtime, config, key, visitorId));
    const held = countEvents(asObject(state).held ?? []);
    if (held > 0) outbox.drop(held, 'forgotten');
  } catch (error) {
    throw asConvertError(
      error,
      'CONVERT_STORE',
      'the visitor store failed to forget a visitor: call it again',
    );
  }
}

async function dropPending(runtime: Runtime, visitorId: string): Promise<void> {
  const { outbox } = runtime;
  if (outbox.forget === undefined) {
    runtime.warnOnce(
      'CONVERT_FORGET',
      'the outbox of `delivery.outbox` has no `forget`: events that wait in it are sent, of visitors who' +
        ' are forgotten, too',
    );
    return;
  }
  try {
    await outbox.forget([visitorId]);
  } catch (error) {
    throw asConvertError(
      error,
      'CONVERT_CALLBACK',
      'the outbox of `delivery.outbox` failed to forget a visitor: call it again',
    );
  }
}

/**
 * Erases a visitor who denies consent, in the background: the response does not wait. `request` is the framework's
 * request object, for the option `waitUntil`.
 */
export function revokeConsent(runtime: Runtime, withdrawal: Withdrawal, request: unknown): void {
  const { cookieId, fingerprint, appId } = withdrawal;
  if (cookieId === undefined && fingerprint === undefined && appId === undefined) return;
  let done: AfterCommit | undefined;
  runtime.waitUntil?.(request, (given) => (done = given));
  runtime.whenReady((project) => {
    const erased = withdrawVisitor(runtime, project, withdrawal).catch((error: unknown) =>
      runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to forget a visitor')),
    );
    done?.(erased);
  });
}

/**
 * Deletes the states of the visitor's cookie id and fingerprint. The state of the id that the app gives the visitor
 * stays: its deferred events are removed, and the denial is recorded. Rejects if the store fails.
 */
async function withdrawVisitor(
  runtime: Runtime,
  { config }: LoadedProject,
  { cookieId, fingerprint, appId }: Withdrawal,
): Promise<void> {
  const { store, outbox, storeKeys, consentConfigured, revocations, uncommitted } = runtime;
  const keyOf = (id: string | undefined, origin: IdOrigin): string | undefined =>
    id === undefined ? undefined : storeKeys.of(config, id, origin);
  const cookieKey = keyOf(cookieId, 'cookie');
  const fingerprintKey = keyOf(fingerprint, 'fingerprint');
  const appKey = keyOf(appId, 'app');
  const keys = new Set([cookieKey, fingerprintKey, appKey].filter((key) => key !== undefined));
  // Another request of this visitor that is under way must not store again the data that is deleted here.
  for (const key of keys) revocations.add(key, 'consent');
  for (const each of uncommitted) if (keys.has(each.storeKey)) each.discard('consent');
  if (cookieKey !== undefined) await deleteVisitor(runtime, config, cookieKey, cookieId!);
  // A visitor who denies consent comes with the same fingerprint again and again: mostly there is no state to delete.
  if (fingerprintKey !== undefined && (await store.read(fingerprintKey)) !== undefined)
    await deleteVisitor(runtime, config, fingerprintKey, fingerprint!);
  if (appKey === undefined) return;
  const state = asObject(await store.read(appKey));
  // If a cookie may hold the id of the app, too, a job must find the denial here: with nothing stored, the job would
  // read the state of the cookie's visitor, and so a consent that a stranger may have given. A text that carries the
  // user would bring the grant of before.
  const isNeeded = (appId !== undefined && storeKeys.isAmbiguous(appId)) || wasCarried(state, runtime.now());
  const isDue = isNeeded
    ? state.consent !== 'denied'
    : isRecordDue(consentConfigured, 'denied', state.consent);
  if (!isDue && !state.held) return;
  const held = countEvents(state.held ?? []);
  if (held > 0) outbox.drop(held, 'consent');
  const consent = isNeeded ? 'denied' : consentRecord(consentConfigured, 'denied');
  await store.commit(appKey, { consent, release: true }, { ephemeral: false });
}

/**
 * The most revocations that are remembered; the oldest are dropped. A revocation matters only to requests that began
 * before it, and no request lasts for 10,000 revocations.
 */
const MAX_REVOCATIONS = 10_000;

export function createRevocations(): Revocations {
  const generations = new Map<string, { at: number; reason: RevocationReason }>();
  let generation = 0;
  return {
    get generation() {
      return generation;
    },
    add(storeKey, reason) {
      generations.delete(storeKey);
      generations.set(storeKey, { at: (generation += 1), reason });
      if (generations.size <= MAX_REVOCATIONS) return;
      for (const oldest of generations.keys()) {
        generations.delete(oldest);
        break;
      }
    },
    // The first line answers nearly always: there was no revocation since.
    since(storeKey, before) {
      if (generation <= before) return undefined;
      const last = generations.get(storeKey);
      return last !== undefined && last.at > before ? last.reason : undefined;
    },
  };
}
