/** Requests and responses without a server, as an adapter would describe them: see src/model/http.ts. */

export function incoming(url, headers) {
  return { method: 'GET', url, protocol: 'https', host: headers.host, ip: '192.0.2.7', headers, raw: null };
}

/** `finish` writes its head, and returns the cookie that was set last. */
export function outgoing() {
  let listener;
  let cookie;
  return {
    headersSent: false,
    closed: false,
    onHead(given) {
      listener = given;
    },
    onClose() {},
    finish() {
      this.headersSent = true;
      listener?.({
        statusCode: 200,
        getHeader: () => undefined,
        getHeaderNames: () => [],
        setHeader() {},
        appendCookie(line) {
          cookie = line;
        },
        removeCookie() {},
      });
      return cookie;
    },
  };
}
