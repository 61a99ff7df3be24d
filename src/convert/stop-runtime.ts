/** Stops the parts of a Convert, and tells the operator what could not be saved. */
import type { DeliveryLedger } from '../delivery/types.js';
import { withStoreTimeout } from '../store/types.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { logWarning } from '../utils/operator-log.js';
import { commitAll, type ConvertRuntime } from './create-runtime.js';

/**
 * The time that a remote store gets for its last commits: so many milliseconds at most, and at most this share of the
 * time for the close. The events of these commits are sent in the rest of it.
 */
const LAST_COMMITS = 1_000;
const LAST_COMMITS_SHARE = 0.3;

/** Commits all contexts, delivers events for at most `timeout` milliseconds, and stops all parts. Never rejects. */
export async function stopRuntime(runtime: ConvertRuntime, timeout: number): Promise<DeliveryLedger> {
  const until = performance.now() + timeout;
  const { claimLeases, commitWaits, outbox, repository, services } = runtime;
  commitAll(runtime);
  repository.stop();
  services.reader.close();
  const limit = Math.min(LAST_COMMITS, timeout * LAST_COMMITS_SHARE);
  const lastCommits = setTimeout(() => commitWaits.end(), limit);
  const ledger = await outbox.close(timeout);
  await commitWaits.idle();
  clearTimeout(lastCommits);
  claimLeases?.stop();
  tell(runtime, ledger);
  await closeStore(runtime, until);
  return ledger;
}

function tell({ commitWaits, logger, reportOutage }: ConvertRuntime, ledger: DeliveryLedger): void {
  const { closed: lost = 0 } = ledger.reasons;
  if (lost > 0) {
    const message = `closed with ${counted(lost, 'event')} that could not be delivered in time`;
    logWarning(logger, 'CONVERT_EVENTS_LOST', message, 'error');
  }
  if (ledger.spooled > 0)
    logger.info?.(
      `convert: closed; ${counted(ledger.spooled, 'event')} left to another process, in Redis or on disk`,
    );
  if (commitWaits.ended > 0) {
    const what = `closed before the visitor store had taken ${counted(commitWaits.ended, 'change')}, which may be lost`;
    reportOutage(new ConvertError('CONVERT_STORE', what));
  }
}

async function closeStore({ commitWaits, report, store }: ConvertRuntime, until: number): Promise<void> {
  // A store that did not take the last changes would not answer now, either.
  const isDown = commitWaits.ended > 0;
  try {
    const left = isDown ? 0 : Math.max(0, until - performance.now());
    await withStoreTimeout(left, store.close?.(), { keepAlive: true });
  } catch (error) {
    if (!isDown) report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to close'));
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
