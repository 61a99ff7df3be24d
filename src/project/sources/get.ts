/** A GET request with hard bounds: limited time, limited bytes after decompression, no redirects. */

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds for everything: name lookup, connection, head and body. */
  readonly timeout: number;
  /** Upper bound of the body, in bytes, decompressed. */
  readonly maxBytes: number;
  /** Aborts the request. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** The headers that are read, by their names in lower case. */
  readonly headers: Readonly<Partial<Record<'etag' | 'date' | 'retry-after', string>>>;
  /** Empty unless the status is 200. */
  readonly body: Uint8Array;
}

/**
 * Resolves with any answer that is complete and within the bounds; rejects with an Error whose message is fit for logs.
 */
export type Get = (url: URL, options: GetOptions) => Promise<Answer>;
