/** The older majors are installed under other names, which have no types of their own. */
declare module 'express4' {
  export { default } from 'express';
}
declare module 'koa2' {
  export { default } from 'koa';
}
