/** Knows the requests of Node, on which adapters put their contexts. */
import { IncomingMessage } from 'node:http';

/** True for a property that all requests of Node have, such as a method of streams. */
export const isOfNodeRequest = (name: string): boolean => name in IncomingMessage.prototype;
