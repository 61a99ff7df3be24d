/** Makes a transport whose code is loaded with the first POST: Node's client for HTTPS takes long to load. */
import { LazyModule } from '../../utils/lazy-module.js';
import type { Transport } from '../types.js';

/** @param load loads the code, and makes the transport; called again if it rejects, for the next POST */
export function lateTransport(load: () => Promise<Transport>): Transport {
  const transport = new LazyModule(load);
  let isClosed = false;
  return {
    async post(...call) {
      const loaded = await transport.get();
      if (isClosed) loaded.close();
      return loaded.post(...call);
    },
    release: () => transport.loaded?.release?.(),
    close() {
      isClosed = true;
      transport.loaded?.close();
    },
  };
}
