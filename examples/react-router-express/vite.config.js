import { reactRouter } from '@react-router/dev/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  // The app of Express is built with the routes, so that both have the same `convertContext`.
  environments: { ssr: { build: { rollupOptions: { input: './server/app.js' } } } },
  plugins: [reactRouter()],
});
