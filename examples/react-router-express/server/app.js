/** The app of Express: it puts the context onto the request, and hands it on to React Router. */
import { createRequestHandler } from '@react-router/express';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { RouterContextProvider } from 'react-router';
import { convertContext } from '../app/convert-context.js';

const { CONVERT_SDK_KEY, COLLECTOR: track } = process.env;

// Without a key, the project of the examples is used, and nothing is sent but to a COLLECTOR of your own.
const middleware = convertMiddleware(
  CONVERT_SDK_KEY
    ? {}
    : { project: '../project.json', ...(track ? { endpoints: { track } } : { delivery: false }) },
);
export const { convert } = middleware;

export const app = express();
app.use(express.static('build/client'));
app.use(middleware);
app.use(
  createRequestHandler({
    build: () => import('virtual:react-router/server-build'),
    getLoadContext(req) {
      const context = new RouterContextProvider();
      context.set(convertContext, req.convert);
      return context;
    },
  }),
);
