/** Posts one batch, and says what its answer means. */
import { parseRetryAfter } from '../utils/backoff.js';
import { codeOf } from '../utils/errors.js';
import { buildPayload, type SerialisedEvent } from './payload.js';
import { failureOf, heedsRetryAfter, mayBlameEvents, type PostOutcome, postOutcome } from './post-outcome.js';
import type { SenderOptions } from './sender-types.js';
import type { Destination } from './types.js';

/** The outcome of one POST. */
export interface PostResult {
  readonly outcome: PostOutcome;
  /** The failure in words, for the log: the status, or the code of a network error. */
  readonly failure: string;
  readonly retryAfter: number | undefined;
  /** True if the endpoint may have refused single events of the batch, although the status does not say so. */
  readonly blames: boolean;
}

/** Never rejects. `isAwaited`: somebody waits for the answer, so that the POST keeps the process alive. */
export async function postBatch(
  batch: readonly SerialisedEvent[],
  destination: Destination,
  { transport, payload }: Pick<SenderOptions, 'transport' | 'payload'>,
  isAwaited: boolean,
): Promise<PostResult> {
  try {
    const body = buildPayload(batch, destination, payload);
    const answer = await transport.post(destination.url, body, isAwaited);
    const { status, retryAfter, date } = answer;
    return {
      outcome: postOutcome(answer),
      failure: failureOf(answer),
      retryAfter: heedsRetryAfter(status) ? parseRetryAfter(retryAfter, Date.now(), date) : undefined,
      blames: mayBlameEvents(status),
    };
  } catch (error) {
    const failure = `could not be reached (${codeOf(error)})`;
    return { outcome: 'retry', failure, retryAfter: undefined, blames: false };
  }
}
