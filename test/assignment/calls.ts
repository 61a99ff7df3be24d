/** Calls the assignment endpoint as a backend does, without a server. */
import type { RouteRequest } from '../../src/model/http.js';
import type { AssignmentRoutes } from '../../src/assignment.js';

export const TOKEN = 'exp_0123456789abcdef';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

export function requestOf(path: string, body: unknown, more: Partial<RouteRequest> = {}): RouteRequest {
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    method: 'POST',
    url: `/api/v1${path}`,
    // What a server sends of itself, which says nothing of the visitor.
    headers: { 'user-agent': 'curl/8.5.0', cookie: 'cv_vid=somebody-else', 'sec-gpc': '1' },
    body: bytes,
    ip: '203.0.113.9',
    raw: undefined,
    ...more,
  };
}

/** Posts a body to a path below `/api/v1`, with the right token unless the body has another one. */
export async function post(routes: AssignmentRoutes, path: string, body: unknown): Promise<Answered> {
  const full =
    typeof body === 'object' && body !== null && !(body instanceof Uint8Array)
      ? { token: TOKEN, ...body }
      : body;
  return answered(await routes(requestOf(path, full)));
}

export function answered({ status, headers, body }: Awaited<ReturnType<AssignmentRoutes>>): Answered {
  return { status, headers, body: JSON.parse(body as string) as Record<string, unknown> };
}

export const assign = (routes: AssignmentRoutes, key: string, body: object): Promise<Answered> =>
  post(routes, `/experiments/assignments/${key}`, body);
