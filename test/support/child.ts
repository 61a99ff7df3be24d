/** A process of its own that runs an ES module with the built package: it tells lines, gets signals, and ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface Ended {
  /** Null where a signal ended it. */
  code: number | null;
  signal: string | null;
  /** Everything it wrote, to both streams. */
  output: string;
}

export interface Child {
  /** Resolves once it has written this line; rejects if it ends before. */
  said(line: string): Promise<void>;
  /** What it wrote so far, to both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

const POLL = 5;

export function startChild(script: string): Child {
  return startNode(['--input-type=module', '-e', script]);
}

/** One that runs a file. */
export function startScript(path: string, env: Record<string, string> = {}): Child {
  return startNode([path], env);
}

function startNode(command: readonly string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (output += String(part)));
  let isOver = false;
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    isOver = true;
    return { code: code as number | null, signal: signal as string | null, output };
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    ended,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    async said(line) {
      while (!output.split('\n').includes(line)) {
        if (isOver) throw new Error(`ended without saying '${line}': ${output}`);
        await sleep(POLL);
      }
    },
  };
}
