/** Runs synchronous writes when the process exits, by `process.exit()` or because nothing is left to do. */

const writers = new Set<() => void>();

function onExit(): void {
  for (const write of writers) {
    try {
      write();
    } catch {
      // The error is ignored: the process ends, and nobody is left to be told.
    }
  }
}

/**
 * Registers a write that runs at the exit of the process. The returned function cancels it. All writes share one
 * listener.
 */
export function writeAtExit(write: () => void): () => void {
  if (writers.size === 0) process.on('exit', onExit);
  writers.add(write);
  return () => {
    writers.delete(write);
    if (writers.size === 0) process.off('exit', onExit);
  };
}
