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
declare module 'react-router' {
  export const createContext: () => any;
}
declare module '$app/env' {
  export const building: boolean;
}
declare module '@nestjs/common' {
  export const Controller: () => ClassDecorator;
  export const Get: () => MethodDecorator;
  export const createParamDecorator: (
    read: (data: unknown, execution: any) => unknown,
  ) => () => ParameterDecorator;
  export type ExecutionContext = any;
}
