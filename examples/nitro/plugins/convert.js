/** Nitro waits for this hook when the server has closed: what was recorded is sent before the process ends. */
import { convert } from '../convert.js';

export default ({ hooks }) => hooks.hook('close', () => convert.close());
