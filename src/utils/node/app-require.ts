/** Loads packages that the app has installed, at their first use: they are optional, and slow to load. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConvertError } from '../errors.js';

/** Defined in CommonJS, and in what a bundler makes of a module for CommonJS, where `import.meta.url` is undefined. */
declare const __filename: string | undefined;

/** The file that this code is in, in whatever form the app is bundled; else a file of the working directory. */
function thisFile(): string {
  const { url } = import.meta as { readonly url?: string };
  if (url !== undefined) return url;
  return typeof __filename === 'string' ? __filename : join(process.cwd(), 'app.js');
}

/**
 * Calls `use` with the function `require` of this package.
 *
 * @param name the package that `use` requires
 * @param wanted what the app called, and which version of the package it needs
 * @throws ConvertError `CONVERT_BAD_OPTION` if `use` throws: the package is missing, or was left out of a bundle
 */
export function withInstalled<T>(name: string, wanted: string, use: (require: NodeJS.Require) => T): T {
  try {
    return use(createRequire(thisFile()));
  } catch (cause) {
    const install = `${wanted}: \`npm install ${name}\``;
    const bundled = `if a bundler made this app, keep ${name} out of the bundle (\`--external:${name}\` of esbuild)`;
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      `${install}; ${bundled} and ship it beside it, in node_modules`,
      {
        cause,
      },
    );
  }
}
