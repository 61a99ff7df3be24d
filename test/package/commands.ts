/** Runs a program as a user of the package would: in their folder, without this test run's environment. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Two cores: what is started beyond that waits. */
const PLACES = 2;
const waiting: (() => void)[] = [];
let running = 0;

/** Never rejects for an exit code. At most two run at a time. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env?: Record<string, string> },
): Promise<Outcome> {
  if (running >= PLACES) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await execute(command, args, cwd, env);
  } finally {
    // The place goes to the next one without becoming free in between.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/** A script of a consumer; its one line of output, as JSON. Rejects if it fails or says anything else. */
export async function runScript<T>(
  cwd: string,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<T> {
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd, env });
  if (code !== 0 || stderr !== '')
    throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** What `tsc -p` complains about; '' if nothing. */
export async function compile(cwd: string, project = '.'): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, [tsc, '-p', project, '--pretty', 'false'], {
    cwd,
  });
  return code === 0 ? '' : stdout + stderr;
}

function execute(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd, env: { PATH, HOME, ...env }, timeout: 240_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
        resolve({ code, stdout, stderr });
      },
    );
  });
}
