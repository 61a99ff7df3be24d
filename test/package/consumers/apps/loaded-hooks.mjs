/** Tells of every module that is loaded. */
let port;
export const initialize = (data) => {
  port = data.port;
};
export async function load(url, context, next) {
  port.postMessage(url);
  return next(url, context);
}
