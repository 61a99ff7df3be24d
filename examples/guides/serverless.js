/** A function of AWS Lambda, without a framework. Run: node examples/guides/serverless.js */
import { withConvert } from 'convert-middleware/fetch';
import { startCollector } from './support/collector.js';

const collector = await startCollector();

// What is made here is kept from one request to the next, while the instance lives.
const handle = withConvert(
  (request, convert) => {
    if (new URL(request.url).pathname === '/buy') {
      convert.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 49.9 }] });
      return new Response('Thank you!');
    }
    const hero = convert.runExperience('homepage-hero');
    return new Response(`<h1>${hero?.key === 'version-b' ? 'Know what works.' : 'Welcome'}</h1>`);
  },
  {
    project: { experiences: { 'homepage-hero': ['original', 'version-b'] }, goals: ['purchase'] },
    endpoints: { track: collector.url },
    // The instances share no memory: what visitors were given travels in a cookie.
    secrets: 'a secret of at least 16 characters',
    assignmentCookie: true,
  },
);

/** Takes the events of an HTTP API of API Gateway, and of a function URL. */
export async function handler({
  rawPath,
  rawQueryString,
  headers,
  cookies = [],
  body,
  isBase64Encoded,
  requestContext,
}) {
  const { method, sourceIp } = requestContext.http;
  const request = new Request(`https://${headers.host}${rawPath}?${rawQueryString}`, {
    method,
    headers: { ...headers, cookie: cookies.join('; ') },
    body: body && Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  });
  // There is no `waitUntil`: the answer comes when the events are sent, or after a second.
  const response = await handle(request, { ip: sourceIp });
  return {
    statusCode: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie')),
    cookies: response.headers.getSetCookie(),
    body: await response.text(),
  };
}

// Try it: Lambda calls the handler for each request, and stops the process when it has returned.
const browser = { cv_vid: 'anna' };
for (const path of ['/', '/', '/buy']) {
  const { body, cookies } = await handler({
    rawPath: path,
    rawQueryString: '',
    headers: {
      host: 'shop.example',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36',
    },
    cookies: Object.entries(browser).map(([name, value]) => `${name}=${value}`),
    requestContext: { http: { method: 'GET', sourceIp: '203.0.113.7' } },
  });
  const sent = collector.events.splice(0);
  console.log(`${path}: ${body}\n  sent by then: ${sent.join('; ') || 'nothing'}`);
  for (const line of cookies) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    browser[name] = value;
  }
}
console.log(`cookies: ${Object.keys(browser).sort().join(', ')}`);
