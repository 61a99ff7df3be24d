/** The Convert of this app. Next bundles the proxy apart from the rest of the app, so each of them makes one. */
import { createConvert } from 'convert-middleware/fetch';

let made;

/** It is made with the first request: `next build` loads this file, too, where the variables may not be set. */
export const convert = () =>
  (made ??= createConvert({
    sdkKey: process.env.CONVERT_SDK_KEY,
    // What the visitor was given travels in a cookie, since the parts of a Next app share no memory.
    secrets: process.env.CONVERT_SECRET,
    assignmentCookie: true,
  }));
