/** Many requests over one connection, written at once, and their answers, read by the letter. */
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The parser of the server did not like a request, and has ended the connection. */
export const REFUSED: ReadonlySet<number> = new Set([400, 408, 413, 431]);

/**
 * The answers to requests of these methods; fewer where the server has ended the connection.
 *
 * @throws where bytes come that are no answer
 */
export async function exchange(
  url: string,
  requests: readonly { method: string; wire: string }[],
): Promise<Answer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  const answers: Answer[] = [];
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      rest += part;
      try {
        for (;;) {
          const next = readAnswer(rest, requests[answers.length]?.method);
          if (next === undefined) break;
          rest = rest.slice(next.length);
          // Of what goes before an answer, nothing is asked.
          if (next.answer.status >= 200) answers.push(next.answer);
        }
      } catch (error) {
        reject(
          new Error(`${(error as Error).message}, for:\n${requests[answers.length]?.wire.slice(0, 4000)}`),
        );
        socket.destroy();
        return;
      }
      if (answers.length === requests.length) socket.destroy();
    });
    // The server may end a connection while we write: what was answered counts.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.setTimeout(30_000, () => {
      reject(new Error(`no answer to:\n${requests[answers.length]?.wire}`));
      socket.destroy();
    });
    socket.write(requests.map(({ wire }) => wire).join(''), 'latin1');
  });
  if (rest !== '' && answers.length < requests.length)
    throw new Error(`half an answer: ${JSON.stringify(rest.slice(0, 300))}`);
  return answers;
}

const STATUS = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/;
/** RFC 9110: a token, a colon, and visible characters. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x20-\x7e\x80-\xff\t]*)$/;

function readAnswer(
  text: string,
  method: string | undefined,
): { answer: Answer; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  if (method === undefined)
    throw new Error(`an answer that nobody asked for: ${JSON.stringify(text.slice(0, 300))}`);
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = Number(STATUS.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(first)}`);
  const headers = lines.map((line) => {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no header: ${JSON.stringify(line)}`);
    return [name.toLowerCase(), value] as const;
  });
  const start = end + 4;
  const value = (name: string): string | undefined => headers.find(([each]) => each === name)?.[1];
  // The parser of the server ends a connection without having read the method.
  const isEnd = REFUSED.has(status) && (value('date') === undefined || value('connection') === 'close');
  const hasBody = (method !== 'HEAD' || isEnd) && status >= 200 && status !== 204 && status !== 304;
  const body = !hasBody
    ? { text: '', length: 0 }
    : value('transfer-encoding') === 'chunked'
      ? chunked(text.slice(start))
      : sized(text.slice(start), Number(value('content-length') ?? 0));
  if (body === undefined) return undefined;
  return { answer: { status, headers, body: body.text }, length: start + body.length };
}

interface Body {
  readonly text: string;
  /** On the wire. */
  readonly length: number;
}

function sized(text: string, length: number): Body | undefined {
  return text.length < length ? undefined : { text: text.slice(0, length), length };
}

/** Node itself answers so to an expectation that it does not know. */
function chunked(text: string): Body | undefined {
  let body = '';
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const length = Number.parseInt(text.slice(at, end), 16);
    at = end + 2;
    if (text.length < at + length + 2) return undefined;
    body += text.slice(at, at + length);
    at += length + 2;
    if (length === 0) return { text: body, length: at };
  }
}
