/** Whether a process may end can only be seen from outside, so the sources run in processes of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CaseSize, testsOf } from '../support/tiers.js';
import { transpiledSources } from '../support/transpiled.js';
import { httpServer, later, project, says, saysProject, until } from './helpers.js';

const source = transpiledSources();

/** Runs `code` with a started repository of `options`; nothing but the repository could hold the process. */
function run(options: object, code: string) {
  const script = `
    import { ProjectRepository } from './project/repository.js';
    import { resolveProject } from './project/sources/resolve-source.js';
    const say = (word) => process.stdout.write(word + '\\n');
    const repository = new ProjectRepository(resolveProject(${JSON.stringify(options)}), {
      load: (config) => config, onConfig: () => say('config'), onError: () => say('error'),
    });
    repository.start();
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: source });
  later(() => child.kill('SIGKILL'));
  const said: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(...chunk.toString().split('\n').filter(Boolean)));
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, said, complaint }));
  return { child, said, ended };
}

// Far beyond the time limit of a test: if one of these held the process, the test would fail.
const slow = {
  sdkKey: '100/200',
  timeout: 600_000,
  refreshInterval: 600_000,
  backoff: { min: 6e8, max: 6e8 },
};

/** Call it at the top of a test file. */
export function projectProcessSuite(size: CaseSize): void {
  const { small, large } = testsOf(size);

  small('a process may end while a request is under way', async () => {
    const server = await httpServer(() => {});
    // Held by its open stdin until the request has gone out.
    const seen = run(
      { ...slow, endpoint: server.base },
      'process.stdin.once("data", () => process.stdin.unref());',
    );
    await until(() => expect(server.requests).toHaveLength(1));
    seen.child.stdin.end('go');
    expect(await seen.ended).toEqual({ code: 0, said: [], complaint: '' });
  });

  large('a process may end between two requests, and between two attempts', async () => {
    for (const [answer, word] of [
      [saysProject(), 'config'],
      [says('', {}, 500), 'error'],
    ] as const) {
      const server = await httpServer(answer);
      const hold = `const timer = setInterval(() => { if (repository.current || repository.stats().failures) clearInterval(timer); }, 5);`;
      const { ended } = run({ ...slow, endpoint: server.base }, hold);
      expect(await ended).toEqual({ code: 0, said: [word], complaint: '' });
    }
  });

  small('a process may end while a file is watched', async () => {
    const file = join(source, 'project.json');
    await writeFile(file, JSON.stringify(project()));
    const hold = `const timer = setInterval(() => { if (repository.current) clearInterval(timer); }, 5);`;
    expect(await run({ project: file }, hold).ended).toEqual({ code: 0, said: ['config'], complaint: '' });
  });

  large('a process may end while a cache is read, written and used', async () => {
    const projectCache = join(source, 'cache');
    const server = await httpServer(saysProject());
    const hold = `const timer = setInterval(() => { if (repository.current) clearInterval(timer); }, 5);`;
    const options = { ...slow, endpoint: server.base, projectCache };
    expect(await run(options, hold).ended).toEqual({ code: 0, said: ['config'], complaint: '' });
    expect(await readdir(join(projectCache, 'project-cache'))).toHaveLength(1);
    server.answer = says('', {}, 500);
    // A slow machine takes the cached config before it has the answer.
    const { code, said, complaint } = await run(options, hold).ended;
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
    expect(said).toContain('config');
  });

  large('a process that waits in ready() lives until there is a config, and not longer', async () => {
    const server = await httpServer(says('', {}, 500));
    const options = { ...slow, endpoint: server.base, backoff: { min: 10, max: 50 } };
    const waiting = run(options, `await repository.ready(); say('ready');`);
    await until(() => expect(waiting.said.length).toBeGreaterThan(2));
    server.answer = saysProject();
    const { code, said, complaint } = await waiting.ended;
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
    expect(said.slice(-2)).toEqual(['config', 'ready']);
  });

  large('a process that waits in waitForFirst() is not cut off in the middle of it', async () => {
    const server = await httpServer(() => {});
    const { ended } = run(
      { ...slow, endpoint: server.base },
      `await repository.waitForFirst(); say('served');`,
    );
    expect(await ended).toEqual({ code: 0, said: ['served'], complaint: '' });
  });
}
