/** Commits the visitors of one turn of the event loop together. */

interface DueWork {
  onTick(): void;
}

/**
 * The function as it was when this module was loaded. An app's tests may replace the global one by a fake clock, which
 * forgets its immediates when the test is over: the visitors that wait for one of them would wait for ever, and so
 * would all that come later.
 */
const { setImmediate } = globalThis;

/**
 * The visitors to be committed in the next immediate. One immediate for all visitors of a turn takes less time than one
 * for each of them (bench/delivery: the outboxes).
 */
let due: DueWork[] = [];

function commitDue(): void {
  const works = due;
  due = [];
  for (const work of works) work.onTick();
}

/** Has a visitor committed in the next immediate. */
export function commitTogether(work: DueWork): void {
  if (due.push(work) === 1) setImmediate(commitDue);
}
