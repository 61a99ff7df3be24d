/** Runs what `npm run build` has made. */
import { app, convert } from './build/server/index.js';

const server = app.listen(process.env.PORT ?? 3000);
convert.closeWith(server);
process.once('SIGTERM', () => server.close());
