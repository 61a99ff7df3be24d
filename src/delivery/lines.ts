/**
 * Events as text, where they are kept outside of the process: a line for each,
 *
 *     <head of the visitor's entry>TAB<event>
 *
 * since JSON has neither tabs nor line ends.
 */
import { restore, type SerialisedEvent } from './payload.js';

export function encodeLines(events: readonly SerialisedEvent[]): string {
  let lines = '';
  for (const { head, text } of events) lines += `${head}\t${text}\n`;
  return lines;
}

/** undefined for a line that is no event. Never throws. */
export function decodeLines(text: string): (SerialisedEvent | undefined)[] {
  const lines = text.split('\n');
  // What comes after the last line end.
  lines.pop();
  return lines.map(decodeLine);
}

function decodeLine(line: string): SerialisedEvent | undefined {
  const tab = line.indexOf('\t');
  return tab === -1 ? undefined : restore(line.slice(0, tab), line.slice(tab + 1));
}
