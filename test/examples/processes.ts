/** Starts examples as processes of their own, reads what they say, and ends them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { ROOT } from './root.js';

export interface Running {
  readonly child: ChildProcess;
  /** All that it has said so far. */
  said(): string;
  /** The code that it ended with; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

const running: Running[] = [];

/**
 * Starts `node` with these arguments, and with further variables of the environment. The process lives until `endAll`,
 * unless it ends before.
 */
export function start(
  args: string[],
  port: number | string = 0,
  variables: Readonly<Record<string, string>> = {},
): Running {
  // Somebody's real project must not be visited by a test.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('CONVERT_')),
  );
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...env, PORT: String(port), ...variables },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const started = { child, said: () => said, ended };
  running.push(started);
  return started;
}

export async function addressOf(example: Running): Promise<string> {
  return expect
    .poll(() => /http:\/\/[\w.]+:\d+/.exec(example.said())?.[0], { timeout: 15_000 })
    .toBeTruthy()
    .then(() => /http:\/\/[\w.]+:\d+/.exec(example.said())![0]);
}

export async function endedBy(
  example: Running,
  signal: NodeJS.Signals,
): Promise<number | null | 'still running'> {
  example.child.kill(signal);
  const patience = new AbortController();
  const late = new Promise<'still running'>((resolve) => {
    const timer = setTimeout(() => resolve('still running'), 20_000);
    patience.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  const result = await Promise.race([example.ended, late]);
  patience.abort();
  return result;
}

/** Ends all that a test has started. */
export async function endAll(): Promise<void> {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
}
