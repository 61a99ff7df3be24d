/** A set-up file of Vitest: a test file that leaves its process changed fails itself, and not the next one there. */
import { afterAll, beforeAll, expect, vi } from 'vitest';

/** Packages may listen to others as long as the process lives. */
const EVENTS = ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'warning'];

/** What the files that share a process must leave as it was. */
const state = () => ({
  clock: vi.isFakeTimers() ? 'fake' : 'real',
  env: { ...process.env },
  folder: process.cwd(),
  listeners: EVENTS.map((name) => `${name}: ${process.listenerCount(name)}`),
  umask: process.umask(),
});

let before: ReturnType<typeof state>;
beforeAll(() => {
  before = state();
});
afterAll(() => {
  const after = state();
  vi.useRealTimers();
  expect(after, 'what a test file leaves behind').toEqual(before);
});
