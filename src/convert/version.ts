/** The version of this package; a test keeps it equal to package.json. It is part of `source` on the wire. */
export const VERSION = '0.1.0';
