/** Which files `import` of a subpath loads: modules by the hook, and what these require. */
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
register('./loaded-hooks.mjs', import.meta.url, { data: { port: port2 }, transferList: [port2] });
await import(process.argv[2]);

const files = Object.keys(createRequire(import.meta.url).cache);
for (let got = receiveMessageOnPort(port1); got; got = receiveMessageOnPort(port1)) {
  if (got.message.startsWith('file:')) files.push(fileURLToPath(got.message));
}
port1.close();
console.log(JSON.stringify(files));
