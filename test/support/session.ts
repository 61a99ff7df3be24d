/** The cookie of a session that goes on, of which its browser was told just now: nothing is due. */
export const runningSession = (): string => `cv_ses=${Math.floor(Date.now() / 1000).toString(36)}.rd`;
