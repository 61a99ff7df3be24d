/** Makes the context of a visitor whose request another server has got, and waits for an answer. */
import { JobContext, type JobVisitor, readForJob, readWithinBudget } from '../context/job-context.js';
import type { VisitorContext } from '../context/types.js';
import type { VisitorRequest } from '../request/described-request.js';
import type { ConvertRuntime } from './create-runtime.js';

/**
 * Waits for a remote store as a request does, at most `storeTimeout`, and for no room for events. Called once the first
 * config is there, or was waited for. Never rejects.
 */
export async function describedVisitor(
  runtime: ConvertRuntime,
  visitor: JobVisitor,
  given: VisitorRequest,
): Promise<VisitorContext> {
  const { identity } = visitor;
  const { remote, services } = runtime;
  const stored =
    remote === undefined || identity.carried !== undefined
      ? await readForJob(runtime, identity)
      : await readWithinBudget(runtime, remote, identity);
  const facts = services.reader.describe(given, { isNewVisitor: stored.lookup === 'absent' });
  // As with requests, nobody asks whether a user of the app is a bot.
  const isBot = identity.origin !== 'app' && services.visitors.hasBotAgent(facts.request);
  return new JobContext(runtime, visitor, stored, { facts, isBot });
}
