/** The older majors are installed under other names, which have no types of their own. */
declare module 'express4' {
  export { default } from 'express';
}
declare module 'koa2' {
  export { default } from 'koa';
}

declare module '*/eslint.layers.js' {
  export const LAYERS: readonly { readonly rooms: readonly string[]; readonly may: readonly string[] }[];
  export const PACKAGES: Readonly<
    Record<string, { packages?: readonly string[]; types?: readonly string[] }>
  >;
  export function roomOf(path: string): string | undefined;
}

declare module '*/check-prose.js' {
  export function proseOf(pages: readonly { readonly file: string; readonly text: string }[]): {
    readonly problems: readonly string[];
    readonly summary: string;
  };
}
