/** Makes the context of a visitor whose request another server has got, and waits for an answer. */
import { JobContext, type JobVisitor, readForJob, readWithinBudget } from '../context/job-context.js';
import type { VisitorContext } from '../context/types.js';
import type { VisitorRequest } from '../request/described-request.js';
import type { ConvertRuntime } from './create-runtime.js';

/**
 * Waits as a request does, not as a job: for the first config at most `readyTimeout`, for a remote store at most
 * `storeTimeout`, and for no room for events. Never rejects.
 */
export async function describedVisitor(
  runtime: ConvertRuntime,
  visitor: JobVisitor,
  given: VisitorRequest,
): Promise<VisitorContext> {
  const { identity } = visitor;
  const { remote, repository, services } = runtime;
  const first = repository.waitForFirst();
  if (first !== undefined) await first.catch(() => undefined);
  const stored =
    remote === undefined || identity.carried !== undefined
      ? await readForJob(runtime, identity)
      : await readWithinBudget(runtime, remote, identity);
  const facts = services.reader.describe(given, { isNewVisitor: stored.lookup === 'absent' });
  // As with requests, nobody asks whether a user of the app is a bot.
  const isBot = identity.origin !== 'app' && services.visitors.hasBotAgent(facts.request);
  return new JobContext(runtime, visitor, stored, { facts, isBot });
}
