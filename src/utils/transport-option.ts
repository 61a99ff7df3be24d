/** The option `transport`: how requests to Convert are made. */

/** An `http.Agent` of Node, described without the types of Node, which an app need not have. */
export interface HttpAgent {
  readonly sockets: object;
  readonly requests: object;
  destroy(): void;
}

/** How requests are made: with `node:http(s)`, with `fetch`, or with `node:http(s)` over the app's agent. */
export type TransportOption = 'node' | 'fetch' | HttpAgent;
