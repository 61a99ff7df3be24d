/** What the suites import of Node, inside of a worker. Cases about sockets are skipped there. */
export const setTimeout = (delay: number): Promise<void> =>
  new Promise((resolve) => void globalThis.setTimeout(resolve, delay));

/** A stream is the iterable that it is made of. */
export const Readable = { from: <T>(parts: T): T => parts };

const none = (): never => {
  throw new Error('there is no such thing in a worker');
};
export { none as once, none as connect, none as createConvert, none as createServer };
