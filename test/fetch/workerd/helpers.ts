/** The config servers of the tests, inside of a worker: `says` and `httpServer` of test/project/helpers.ts. */
import { setTimeout as sleep } from './node.js';
import { onTestFinished } from '../../support/vitest.js';
import { serve } from './network.js';

interface Asked {
  readonly url: string;
}
/** What is answered. The `Response` is made by the request that is answered: no other one may. */
interface Answer {
  readonly body: string;
  readonly status: number;
  readonly headers: Record<string, string>;
}
type Answering = (answer: Answer) => void;
type Listener = (request: Asked, answer: Answering) => void;

export async function httpServer(answer: Listener): Promise<object> {
  const requests: Asked[] = [];
  const { url, close } = serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    const asked = { url: pathname + search };
    requests.push(asked);
    const answered = new Promise<Answer>((resolve) => answer(asked, resolve));
    // A request that waits for nothing of its own counts as hung.
    const { body, ...init } = (await Promise.race([answered, sleep(30_000)]))!;
    return new Response(body, init);
  });
  onTestFinished(close);
  return { base: `${url}/api/v1/`, requests };
}

export const says =
  (body: string, headers: Record<string, string> = {}, status = 200): Listener =>
  (_request, answer) =>
    answer({ body, status, headers });
