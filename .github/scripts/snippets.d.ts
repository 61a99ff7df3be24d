/** What the code in the documentation uses without declaring it. */
import '../../src/express.js';
import type { Express, Request, Response } from 'express';
import type { testConvert as TestConvert } from '../../src/testing.js';
import type * as webhook from '../../src/webhook.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** Of a middleware for authentication. */
    user?: any;
    session?: any;
    ours: import('../../src/ours-privacy.js').OursContext;
  }
}

declare global {
  // Names of this package that a page has imported further up.
  const convertMiddleware: typeof import('../../src/express.js').convertMiddleware;
  const createConvert: typeof import('../../src/index.js').createConvert;
  const withConvert: typeof import('../../src/fetch.js').withConvert<any>;
  const route: (...given: Parameters<typeof import('../../src/express.js').route>) => any;
  const assignmentRoutes: typeof import('../../src/assignment.js').assignmentRoutes;
  const redisOutbox: typeof import('../../src/redis.js').redisOutbox;
  const redisStore: typeof import('../../src/redis.js').redisStore;
  const testConvert: typeof TestConvert;
  const conversionWebhook: typeof webhook.conversionWebhook;
  const shopify: typeof webhook.shopify;
  const hmac: typeof webhook.hmac;
  const majorUnits: typeof webhook.majorUnits;
  const square: (options: { secret: string; url?: string }) => any;
  type ConvertContext<Key extends string = string> = import('../../src/index.js').ConvertContext<Key>;

  // What they have made with it.
  const middleware: ReturnType<typeof convertMiddleware>;
  const handle: ReturnType<typeof withConvert>;
  const handler: Parameters<typeof withConvert>[0];
  const webhook: webhook.ConversionWebhook;
  const assignments: ReturnType<typeof assignmentRoutes>;
  const visitor: Awaited<ReturnType<import('../../src/index.js').Convert['forVisitor']>>;
  const bridge: ConvertContext['bridge'];

  // Frameworks, clients of servers, and test runners.
  const express: typeof import('express');
  const req: Request;
  const res: Response;
  const router: Express;
  const server: import('node:http').Server;
  const AsyncLocalStorage: typeof import('node:async_hooks').AsyncLocalStorage;
  const request: globalThis.Request;
  const Controller: () => ClassDecorator;
  const Get: () => MethodDecorator;
  const Convert: () => ParameterDecorator;
  const createServer: (listener: (req: any, res: any) => unknown) => import('node:http').Server;
  const Redis: typeof import('ioredis').Redis;
  const redis: import('ioredis').Redis;
  const client: import('ioredis').Redis;
  const test: typeof import('vitest').test;
  const it: typeof import('vitest').it;
  const expect: typeof import('vitest').expect;
  const Injectable: () => ClassDecorator;
  interface OnApplicationShutdown {
    onApplicationShutdown(): unknown;
  }
  const Bun: { serve(options: { fetch(request: globalThis.Request, server: any): unknown }): unknown };
  const Deno: {
    serve(
      handle: (request: globalThis.Request, info: { remoteAddr: { hostname: string } }) => unknown,
    ): unknown;
  };

  // What belongs to the app of the example.
  const [
    body,
    cart,
    data,
    db,
    key,
    lookUp,
    metrics,
    myStore,
    newCheckout,
    checkout,
    order,
    orders,
    page,
    personal,
    rewritten,
  ]: any[];
  const [secret, tokens, sdkKey, visitorId]: any[];
  const [locationProperties, visitorProperties, sdk, shop, startVideo, stripe, user, createApp]: any[];
  const [HEADLINES, HTMLRewriter, setTo, options, personal, toResponse, createContext, building, next]: any[];
  const [createParamDecorator, ConvertSDK]: any[];
  type ExecutionContext = any;
  const [renderToPipeableStream, createElement, Page, Osano]: any[];
  interface Window {
    __CV__: any;
    __CV_CONTEXT__: any;
    _conv_q: any;
  }
}
