/** Which files are loaded after the import, by a first Convert, and by a project with a regular expression. */
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
register('./loaded-hooks.mjs', import.meta.url, { data: { port: port2 }, transferList: [port2] });
const { createConvert } = await import('convert-middleware');
const { options, withPattern } = createRequire(import.meta.url)('./report.cjs');

const modules = [];
function loaded() {
  for (let got = receiveMessageOnPort(port1); got; got = receiveMessageOnPort(port1)) {
    if (got.message.startsWith('file:')) modules.push(fileURLToPath(got.message));
  }
  return [...modules, ...Object.keys(createRequire(import.meta.url).cache)];
}

const steps = [loaded()];
for (const given of [options(), withPattern(options())]) {
  const convert = createConvert(given);
  await convert.ready();
  await convert.close();
  steps.push(loaded());
}
port1.close();
console.log(JSON.stringify(steps));
