/** Says how requests to Convert are made, by the option `transport`. */
import type http from 'node:http';
import type { TransportOption } from '../transport-option.js';

/** The default: Node's clients on Node, `fetch` elsewhere. */
export function transportOr(given: TransportOption | undefined): TransportOption {
  if (given !== undefined) return given;
  return typeof process === 'object' && process.versions?.node !== undefined ? 'node' : 'fetch';
}

/** The agent of the option; undefined if it names none. */
export const agentOf = (transport: TransportOption | undefined): http.Agent | undefined =>
  typeof transport === 'object' ? (transport as http.Agent) : undefined;
