/** Child processes that are asked and answer: the parts of a bench whose CPU time must not mix. */
import { fork } from 'node:child_process';
import { environmentOf } from './build.js';

/**
 * Starts a process; `ask(name, input)` resolves with what its handler of that name returns. `build` is the folder of
 * the build that the process measures, as a URL. Default: this repository.
 */
export function startChild(url, { args = [], execArgv = [], build } = {}) {
  const env = { ...process.env, ...environmentOf(build), NODE_ENV: 'production' };
  const child = fork(url, args, { execArgv, env });
  const open = new Map();
  let asked = 0;
  let stopping = false;

  const failAll = (error) => {
    for (const { reject } of open.values()) reject(error);
    open.clear();
  };
  child.on('message', ({ id, output, error }) => {
    const question = open.get(id);
    open.delete(id);
    if (error === undefined) question?.resolve(output);
    else question?.reject(new Error(error));
  });
  child.on('error', failAll);
  const ended = new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      if (!stopping) failAll(new Error(`${url.pathname} ended (${signal ?? code})`));
      resolve();
    });
  });

  return {
    ask(name, input) {
      return new Promise((resolve, reject) => {
        const id = (asked += 1);
        open.set(id, { resolve, reject });
        child.send({ id, name, input });
      });
    },
    async stop() {
      stopping = true;
      child.kill();
      await ended;
    },
  };
}

/** In the child: answers with these functions, until the parent is gone. */
export function answer(handlers) {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, name, input }) => {
    try {
      process.send({ id, output: await handlers[name](input) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
}
