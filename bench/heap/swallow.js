/** A process that takes whatever is posted to it, and keeps nothing. */
import { createServer } from 'node:http';
import { answer } from '../support/children.js';

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end('{}'));
});
server.keepAliveTimeout = 0;

answer({
  listen: () =>
    new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
    }),
});
