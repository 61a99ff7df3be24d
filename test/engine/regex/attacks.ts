/** Patterns that take for ever on some values where a matcher backtracks, and a process to run them in. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { temporaryFolder } from '../../support/folder.js';
import { toJavaScript } from '../../support/transpiled.js';
import { LONG } from './regexes.js';

/**
 * What has stopped others: the kind of a pattern, and what it is attacked with (a unit, over and over, between two
 * texts).
 */
export const ATTACKS: [kind: string, source: string, unit: string, start: string, end: string][] = [
  ['native', String.raw`(a+)+$`, 'a', '', '!'],
  ['linear', String.raw`^(a+)+$`, 'a', '', '!'],
  ['native', String.raw`(a*)*b`, 'a', '', '!'],
  ['native', String.raw`(a|a)*b`, 'a', '', '!'],
  ['linear', String.raw`^(a|aa)+$`, 'a', '', '!'],
  ['linear', String.raw`^(a|a?)+$`, 'a', '', '!'],
  ['linear', String.raw`(.*a){11}b`, 'a', '', '!'],
  ['linear', String.raw`^(.*?,){11}p`, '1,', '', '!'],
  ['linear', String.raw`(x+x+)+y`, 'x', '', '!'],
  ['native', String.raw`([a-z]+)*=`, 'a', '', '!'],
  ['linear', String.raw`^(\w+\s?)*$`, 'a', '', '!'],
  ['native', String.raw`(\w+\s*)+:`, 'a ', '', '!'],
  ['native', String.raw`\s+$`, ' ', '', '!'],
  ['native', String.raw`\s*$`, ' ', '', '!'],
  ['native', String.raw`^\s+|\s+$`, ' ', 'x', 'x'],
  ['native', String.raw`\s*#\s*end`, ' ', '', '!'],
  ['linear', String.raw`^(([a-z])+.)+[A-Z]([a-z])+$`, 'a', '', '!'],
  [
    'linear',
    String.raw`^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$`,
    'a',
    '',
    '!',
  ],
  ['linear', String.raw`^([a-zA-Z0-9_.-])+@(([a-zA-Z0-9-])+.)+([a-zA-Z0-9]{2,4})+$`, 'a', 'a@', '!'],
  ['linear', String.raw`^\w+([-+.']\w+)*@\w+([-.]\w+)*\.\w+([-.]\w+)*$`, 'a', 'a@', '!'],
  [
    'linear',
    String.raw`(?:(?:"|'|\]|\}|\\|\d|(?:nan|infinity|true|false|null|undefined|symbol|math)|\x60|-|\+)+[)]*;?((?:\s|-|~|!|{}|\|\||\+)*.*(?:.*=.*)))`,
    '=',
    'x=x',
    '\n',
  ],
  ['native', String.raw`.*.*=.*`, 'x', '', '!'],
  ['linear', String.raw`(?:.*=){2}`, '=', 'x', '!'],
  ['linear', String.raw`D[oD]?(\[[^\[\]]*\]|\s)+MMMM?`, ' ', 'd', '!'],
  ['linear', String.raw`D[oD]?(\[[^\[\]]*\]|\s+)+MMMM?`, ' ', 'd', '!'],
  [
    'linear',
    String.raw`^(-?(?:\d+)?\.?\d+) *(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w|years?|yrs?|y)?$`,
    '1',
    '',
    '!',
  ],
  ['refused', String.raw`^(\x60+)\s*([\s\S]*?[^\x60])\s*\1(?!\x60)`, ' ', '`', '!'],
  ['linear', String.raw`ip[honead]+(?:.*os\s([\w]+)\slike\smac|;\sopera)`, 'ipho', 'ip', '!'],
  ['linear', String.raw`^(([^=;]+))\s*=\s*([^\n\r\0]*)`, ' ', 'x', '!'],
  ['native', String.raw` *, *`, ' ', '', '!'],
  ['linear', String.raw`(?:^|;)\s*charset\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))`, ' ', ';', '!'],
  ['linear', String.raw`charset=(?:"([^"]*)"|[^;]*)\s*;x`, 'charset="', '', '!'],
  ['refused', String.raw`<([a-z]+)([^<]+)*(?:>(.*)<\/\1>|\s+\/>)`, ' ', '<a', '!'],
  ['linear', String.raw`\/\*([^*]|[\r\n]|(\*+([^*/]|[\r\n])))*\*+\/`, '*', '/*', '!'],
  ['linear', String.raw`"(?:[^"\\]|\\.)*"`, '\\', '"', '!'],
  ['native', String.raw`(?:[^"\\]+|\\.)*"x`, 'a', '"', '!'],
  ['linear', String.raw`^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$`, 'a-', '', '!'],
  [
    'linear',
    String.raw`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$`,
    'a',
    '',
    '!',
  ],
  ['native', String.raw`^(?=.*[a-z])(?=.*\d)(?=.*[^a-z\d]).{8,}$`, 'a', '', '\n'],
  ['refused', String.raw`^(?=(a+)+$)`, 'a', '', '!'],
  ['native', String.raw`(?=.*a)(?=.*b)(?=.*c)`, 'ab', '', '!'],
  ['refused', String.raw`(?<=x(a+)+)b`, 'a', '', '!'],
  ['refused', String.raw`(?<!x(a|a)*)c$`, 'ac', '', 'c!'],
  ['refused', String.raw`(a+)+\1$`, 'a', '', '!'],
  ['refused', String.raw`(.*)\1x`, 'a', '', '!'],
  ['refused', String.raw`^(11+?)\1+$`, '1', '', '!'],
  ['native', String.raw`(\w+)\s\1`, 'a ', '', '!'],
  ['native', String.raw`(a{1,50}){1,50}b`, 'a', '', '!'],
  ['native', String.raw`(x{1,500}){1,500}y`, 'x', '', '!'],
  ['linear', String.raw`(.*){100}x`, 'a', '', '!'],
  ['native', String.raw`a{0,1000}a{0,1000}b`, 'a', '', '!'],
  ['linear', String.raw`(?:a?){30}a{30}b`, 'a', '', '!'],
  ['refused', String.raw`(?:a?){500}a{500}b`, 'a', '', '!'],
  ['linear', String.raw`^(a|b|ab)*c$`, 'ab', '', '!'],
  ['native', String.raw`(\d+|[a-z]+)+!$`, 'a1', '', '?'],
  ['native', String.raw`([^"']+|"[^"]*"|'[^']*')*>x`, 'a', '', '!'],
  ['linear', String.raw`[?&](?:.*=.*)*&x`, '&=', '?', '!'],
  ['linear', String.raw`^(https?:\/\/)?([\da-z\.-]+)\.([a-z\.]{2,6})([\/\w \.-]*)*\/?$`, '/a', 'a.com', '!'],
  ['linear', String.raw`^(https?:\/\/)?(www\.)?([^\/]+\.)+[a-z]+(\/.*)*$`, 'a.', '', '/\n'],
  ['native', String.raw`(\/[^\/]+)*\/\?x`, '/a', '', '!'],
  ['native', String.raw`(?:\/[^\/]*)*\.php$`, '/', '', '!'],
  ['linear', String.raw`.*a.*a.*a.*a.*a.*b`, 'a', '', '!'],
  ['linear', String.raw`\bfoo\b.*\bbar\b.*\bbaz\b`, 'foo bar ', '', '!'],
  ['native', String.raw`[\s\S]*?end$`, 'end', '', '!'],
  ['native', String.raw`(?:(?:a+)+b)+c`, 'a', '', '!'],
  ['native', String.raw`(([a-z])*)*1`, 'a', '', '!'],
  ['linear', String.raw`^((ab)*)+$`, 'ab', '', '!'],
  ['native', String.raw`(a|b|c|d|e)*f$`, 'abcde', '', '!'],
  ['native', String.raw`(?:\D+|<\d+>)*[!?]$`, 'a', '', '.'],
  ['linear', String.raw`^(?:\w+\.?)*@`, 'a.', '', '!'],
  ['linear', String.raw`^a*a*a*a*a*a*b`, 'a', '', '!'],
  ['native', String.raw`a+b`, 'a', '', '!'],
  ['native', String.raw`\d+-\d+`, '1', '', '!'],
  ['linear', String.raw`(iphone|ipad|android).*(mobile|tablet).*(safari|chrome)`, 'iphone mobile ', '', '!'],
  ['native', String.raw`^(?!.*(?:admin|login)).*\/shop\/.*$`, '/shop/', '', '\n'],
  ['native', String.raw`((?!admin).)*$`, 'a', '', '\n'],
  ['native', String.raw`^(?:(?!<b>).)*<b>`, '<b', '', '!'],
  ['native', String.raw`(?:(?:(?:(?:(?:(?:ab?)?b?)?a?)?b?)?a?)*)*$x`, 'ab', '', '!'],
  ['native', String.raw`(é|É|.)*ü$`, '\u00e9', '', '!'],
  ['native', String.raw`(?:\s|\u00a0|\ufeff)+$x?y`, '\u00a0', '', '!'],
];

export interface Attack {
  source: string;
  unit: string;
  start: string;
  end: string;
}

const RUN = `
import { readFileSync, writeSync } from 'node:fs';
import { compileRegex } from './safe-regex.js';
for (const { source, unit, start, end } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const { maxLength, test } = compileRegex(source);
  for (const length of new Set([${LONG}, maxLength, 200])) {
    const rest = Math.max(0, length - start.length - end.length);
    test((start + unit.repeat(Math.ceil(rest / unit.length)).slice(0, rest) + end).toLowerCase());
  }
  writeSync(1, '.\\n');
}`;

/** Call it at the top of a `describe`. Returns how attacks are run. */
export function attacker(): (attacks: readonly Attack[]) => Promise<void> {
  // Where the packages are found.
  const folder = temporaryFolder('pattern', afterAll, 'node_modules');
  beforeAll(() => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'run.js'), RUN);
    for (const name of ['safe-regex', 're2', 'step-bound', 'node-bound', 'bounds', 'symbols']) {
      const code = toJavaScript(`${name}.ts`, readFileSync(`src/engine/regex/${name}.ts`, 'utf8'));
      writeFileSync(join(folder, `${name}.js`), code);
    }
  });

  /** Runs them in a process of its own, since nothing else gets out of an expression that does not end. */
  return async (attacks) => {
    const list = join(folder, 'attacks.json');
    writeFileSync(list, JSON.stringify(attacks));
    const done = await new Promise<string>((resolve) => {
      const options = { timeout: 90_000, killSignal: 'SIGKILL' } as const;
      execFile(process.execPath, [join(folder, 'run.js'), list], options, (_, stdout) => resolve(stdout));
    });
    const count = done.split('\n').length - 1;
    expect(count, `${attacks[count]?.source} on ${attacks[count]?.unit}`).toBe(attacks.length);
  };
}
