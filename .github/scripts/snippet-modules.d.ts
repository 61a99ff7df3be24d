/** Modules of hosts and frameworks that this repository does not install. */
declare module 'cloudflare:workers' {
  export const env: Record<string, any>;
}
declare module '@vercel/functions' {
  export const waitUntil: (promise: Promise<unknown>) => void;
}

/** A file of the app. */
declare module '*/convert.js' {
  export const convert: () => import('../../src/fetch.js').FetchConvert;
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
declare module 'serverless-http' {
  export default function serverless(app: object): (event: object, context: object) => Promise<object>;
}
