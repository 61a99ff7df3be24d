/** Reaches Redis with a client of the app's, or with a client that is made here from an address, and closed here. */
import { withInstalled } from '../../utils/node/app-require.js';
import { withTimeout } from '../../utils/node/timers.js';
import { ConvertError } from '../../utils/errors.js';
import { asObject, isObject } from '../../utils/objects.js';
import { isRedisClient, type RedisClient, type RunScript, scriptRunner } from './client.js';

/** The address of a Redis, for which the client is made, and closed with the Convert. */
export interface RedisAddress {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string;
}

/** How Redis is reached: with a connected client, which the app closes, or by its address. */
export type RedisSource = RedisClient | RedisAddress;

export interface RedisConnection {
  readonly run: RunScript;
  /** Closes the client if it was made here; it has answered what it was asked by then. Never rejects. */
  readonly close: () => Promise<void>;
}

/** Milliseconds without an answer after which Redis is not waited for any more, at the close. */
const CLOSE_LIMIT = 500;

export type RedisPackage = 'ioredis' | '@redis/client';

/** A client of our own. */
interface OwnClient {
  readonly client: RedisClient;
  /** Ends the connection after the last answer. */
  readonly quit: () => Promise<unknown>;
  /** Ends the connection at once, without waiting for the server, and no further attempt to connect is made. */
  readonly destroy: () => void;
}

interface Emitter {
  on(event: string, listener: () => void): unknown;
}
interface Timer {
  unref?(): void;
}
type IoRedis = RedisClient &
  Emitter & { stream?: Timer; reconnectTimeout?: Timer | null; quit(): Promise<unknown>; disconnect(): void };
type NodeRedis = RedisClient &
  Emitter & {
    connect(): Promise<unknown>;
    unref(): void;
    /** node-redis 5; `quit` and `disconnect` are those of node-redis 4. */
    close?(): Promise<unknown>;
    destroy?(): void;
    quit(): Promise<unknown>;
    disconnect(): Promise<unknown>;
  };

/**
 * The packages that can make a client; the first one that is installed does. Commands that fail tell of errors, so the
 * client's own `error` events are dropped. No client keeps the process alive.
 */
const PACKAGES: Readonly<Record<RedisPackage, (loaded: unknown, url: string) => OwnClient>> = {
  ioredis(loaded, url) {
    const { Redis } = loaded as { Redis: new (url: string, options: object) => IoRedis };
    // By default, a disconnect waits 2 s for the server to end the connection, also if the server is gone.
    const client = new Redis(url, { disconnectTimeout: 0 });
    client.on('error', () => undefined);
    client.on('connect', () => client.stream?.unref?.());
    client.on('reconnecting', () => client.reconnectTimeout?.unref?.());
    return { client, quit: () => client.quit(), destroy: () => client.disconnect() };
  },
  '@redis/client'(loaded, url) {
    const { createClient } = loaded as { createClient: (options: { url: string }) => NodeRedis };
    const client = createClient({ url });
    client.on('error', () => undefined);
    client.on('connect', () => client.unref());
    client.connect().catch(() => undefined);
    return {
      client,
      quit: () => (client.close === undefined ? client.quit() : client.close()),
      destroy: () => void (client.destroy === undefined ? client.disconnect() : client.destroy()),
    };
  },
};

const isClient = (source: unknown): source is RedisClient => isRedisClient(source, '').length === 0;

/** @throws ConvertError `CONVERT_BAD_OPTION`, also if an address is given and no client is installed */
export function checkSource(source: unknown): void {
  if (isClient(source)) return;
  const { url, ...others } = asObject(source as RedisAddress | undefined);
  const isAddress = typeof url === 'string' && Object.keys(others).length === 0;
  // An address that comes from an environment variable that is not set.
  if (isObject(source) && Object.hasOwn(source, 'url') && url === undefined) {
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      'option `client.url` is missing, the address of a Redis: is its environment variable set?',
    );
  }
  // The message does not quote the address, which may hold a password.
  const wrong = !isAddress
    ? "`client` must be a client of ioredis or of node-redis (`redis`), or { url: 'redis://...' }"
    : /^rediss?:\/\/\S+$/.test(url)
      ? undefined
      : '`client.url` must be an address that begins with redis:// or rediss://';
  if (wrong !== undefined) {
    const given = source === null ? 'null' : typeof source;
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      `option ${wrong} (given ${isAddress ? 'another text' : given})`,
    );
  }
  load();
}

/** Opens a connection. `packages` is for tests. */
export function connectTo(source: RedisSource, packages?: readonly RedisPackage[]): RedisConnection {
  if (isClient(source)) return { run: scriptRunner(source), close: async () => undefined };
  const { name, loaded } = load(packages);
  const { client, quit, destroy } = PACKAGES[name](loaded, source.url);
  const run = scriptRunner(client);
  let isClosed = false;
  let open = 0;
  /** When Redis answered last, or was asked first after it had answered everything, by performance.now(). */
  let waitsSince = 0;
  return {
    async run(...script) {
      if (isClosed) throw Object.assign(new Error('the connection is closed'), { code: 'ECLOSED' });
      if (open === 0) waitsSince = performance.now();
      open += 1;
      try {
        return await run(...script);
      } finally {
        open -= 1;
        waitsSince = performance.now();
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      const waited = open === 0 ? 0 : performance.now() - waitsSince;
      try {
        await withTimeout(Math.max(0, CLOSE_LIMIT - waited), quit(), { keepAlive: true });
      } catch {
        try {
          destroy();
        } catch {
          // It is closed already.
        }
      }
    },
  };
}

const ALL: readonly RedisPackage[] = ['ioredis', '@redis/client'];

/** Loads the first of these packages that is installed. */
function load(packages = ALL): { name: RedisPackage; loaded: unknown } {
  return withInstalled('ioredis', 'the address of a Redis needs ioredis or @redis/client', (require) => {
    const name = packages.find((each) => isInstalled(require, each)) ?? 'ioredis';
    const loaded: unknown = name === 'ioredis' ? require('ioredis') : require('@redis/client');
    return { name, loaded };
  });
}

function isInstalled(require: NodeJS.Require, name: RedisPackage): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
