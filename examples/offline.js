/** For trying the examples without an account: a small project, and a collector that prints. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Options that use a project file beside this one, and send events to this process instead of to Convert. */
export async function offline(file = 'project.json') {
  const collector = createServer(async (request, response) => {
    for (const { visitorId, events } of JSON.parse(await text(request)).visitors) {
      for (const event of events) console.log(visitorId, JSON.stringify(event));
    }
    response.end('{}');
  });
  collector.listen(0, '127.0.0.1').unref();
  await once(collector, 'listening');
  return {
    project: fileURLToPath(new URL(file, import.meta.url)),
    endpoints: { track: `http://127.0.0.1:${collector.address().port}` },
  };
}
