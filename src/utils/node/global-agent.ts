/** Finds the global agent of Node's HTTP clients that requests have to go over. */
import http from 'node:http';
import https from 'node:https';

/** The options that the global agents have in Node by itself. */
const DEFAULTS: ReadonlySet<string> = new Set(['keepAlive', 'scheduling', 'timeout', 'noDelay', 'path']);
/** The methods of an agent by which others lead its connections over a proxy. */
const METHODS = ['addRequest', 'createConnection', 'createSocket'] as const;

/**
 * The global agent for the protocol (`http:` or `https:`), if the app or the environment (`NODE_USE_ENV_PROXY`) has
 * changed or replaced it, which means that requests have to go over it; undefined if it is Node's own. To be asked at
 * each request, since an app may change it at any time.
 */
export function changedGlobalAgent(protocol: string): http.Agent | undefined {
  const { globalAgent: agent, Agent } = protocol === 'https:' ? https : http;
  const given = Object.entries((agent as { options?: object }).options ?? {});
  const isNodes =
    Object.getPrototypeOf(agent) === Agent.prototype &&
    !METHODS.some((name) => Object.hasOwn(agent, name)) &&
    given.every(([name, value]) => DEFAULTS.has(name) || value === undefined);
  return isNodes ? undefined : agent;
}
