/** Puts the context of a request at `event.node.req.convert`. */
import { convertMiddleware } from 'convert-middleware/express';
import { fromNodeMiddleware } from 'h3';
import { convert } from '../convert.js';

export default fromNodeMiddleware(convertMiddleware(convert));
