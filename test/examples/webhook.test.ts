/** The order webhook of the demo shop on one framework. */
import { webhookSuite } from './webhook-suite.js';

webhookSuite(['express']);
