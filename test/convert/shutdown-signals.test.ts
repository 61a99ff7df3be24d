/**
 * What `shutdown: 'signals'` does to a process, in some cases: what waits is delivered, and the signal ends it as ever.
 */
import { signalSuite } from './signal-suite.js';

signalSuite([
  'SIGTERM sends what waits, and ends the process',
  'a second signal ends the process at once',
  'an app that listens itself (once, before) ends itself: what waits is sent, what comes later taken',
  'an app that ignores a signal goes on, and ends by the other one',
  'instances share a listener, also those of the other build',
  'the listeners go with the last instance, however it is closed, and come with the next',
  'nothing is listened to',
]);
