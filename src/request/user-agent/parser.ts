/** What tells clients apart. The packages for it take long to load, so they are loaded when a Convert is made. */
import { LazyModule } from '../../utils/lazy-module.js';
import type * as ParserModule from './parse-user-agent.js';

export type UserAgentParser = Pick<typeof ParserModule, 'parseUserAgent' | 'isBotClient'>;

/** Until it is loaded, nothing is known of a client. No project config is in force before. */
export const userAgentParser = new LazyModule<UserAgentParser>(() => import('./parse-user-agent.js'));
