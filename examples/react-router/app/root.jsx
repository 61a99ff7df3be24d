import { Links, Meta, Outlet, Scripts } from 'react-router';
import { convertMiddleware } from './convert.server.js';

export const middleware = [convertMiddleware];

export function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  );
}

export default Outlet;

export function ErrorBoundary() {
  return <h1>Sorry</h1>;
}
