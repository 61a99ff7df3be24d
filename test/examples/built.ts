/** The examples import the package by its name, that is, what was built: builds it where that is missing or old. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const LOCK = `${ROOT}node_modules/.convert-middleware-build`;
/** Milliseconds after which whoever holds the lock is taken for dead. */
const LOCK_AGE = 120_000;

/** Test files run in workers of their own, and two builds at once would tear each other's files apart. */
export async function ensureBuilt(): Promise<void> {
  while (!(await isFresh())) {
    if (!(await take())) {
      await sleep(200);
      continue;
    }
    try {
      if (!(await isFresh())) await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT });
      return;
    } finally {
      await rm(LOCK, { recursive: true, force: true });
    }
  }
}

async function isFresh(): Promise<boolean> {
  // While somebody builds, what is there is not all there.
  if (await modified(LOCK)) return false;
  const built = await modified(`${ROOT}dist/index.mjs`);
  if (built === undefined) return false;
  const sources = await readdir(`${ROOT}src`, { recursive: true });
  const times = await Promise.all(sources.map((name) => modified(`${ROOT}src/${name}`)));
  return times.every((time) => time === undefined || time <= built);
}

async function take(): Promise<boolean> {
  try {
    await mkdir(LOCK);
    return true;
  } catch {
    const since = await modified(LOCK);
    if (since !== undefined && Date.now() - since > LOCK_AGE)
      await rm(LOCK, { recursive: true, force: true });
    return false;
  }
}

async function modified(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
