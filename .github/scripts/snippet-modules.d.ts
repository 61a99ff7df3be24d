/** Modules of hosts and frameworks that this repository does not install. */
declare module 'cloudflare:workers' {
  export const env: Record<string, any>;
}
declare module '@vercel/functions' {
  export const waitUntil: (promise: Promise<unknown>) => void;
}
declare module 'next/server' {
  export const after: (promise: Promise<unknown>) => void;
}
