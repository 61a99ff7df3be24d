/** What is written at once when the process exits, by `process.exit()` or because nothing is left to do. */

const writers = new Set<() => void>();

function onExit(): void {
  for (const write of writers) {
    try {
      write();
    } catch {
      // The process ends; nobody is left to tell.
    }
  }
}

/** The returned function takes it back. One listener for all. */
export function writeAtExit(write: () => void): () => void {
  if (writers.size === 0) process.on('exit', onExit);
  writers.add(write);
  return () => {
    writers.delete(write);
    if (writers.size === 0) process.off('exit', onExit);
  };
}
