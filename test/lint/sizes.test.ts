/** The bounds of sizes in src: no file has over 400 lines, and no class over 250. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');
const FILE_LINES = 400;
const CLASS_LINES = 250;

/** Where a class begins and ends: Prettier puts both at the margin of a line. A parser would take seconds. */
const CLASS_BEGINS = /^([ ]*)(?:export )?(?:default )?(?:abstract )?class\b ?(\w*)/;

/** What is too long in a file: the file itself, and the names of classes. */
function tooLong(name: string, text: string): string[] {
  const lines = text.trimEnd().split('\n');
  const found = lines.length > FILE_LINES ? [name] : [];
  lines.forEach((line, at) => {
    const [, margin, className] = CLASS_BEGINS.exec(line) ?? [];
    if (margin === undefined || line.endsWith('}')) return;
    const length = lines.indexOf(`${margin}}`, at) - at + 1;
    if (length > CLASS_LINES) found.push(`${name}: ${className}`);
  });
  return found;
}

it('no file of src is too long, and no class', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((file) => tooLong(file, readFileSync(resolve(SRC, file), 'utf8')))).toEqual([]);
});

it('sees a long file and a long class', () => {
  const classOf = (lines: number): string => `export class Long {\n${'  a = 1;\n'.repeat(lines - 2)}}\n`;
  expect(tooLong('a.ts', classOf(CLASS_LINES))).toEqual([]);
  expect(tooLong('a.ts', classOf(CLASS_LINES + 1))).toEqual(['a.ts: Long']);
  expect(tooLong('a.ts', 'f();\n'.repeat(FILE_LINES))).toEqual([]);
  expect(tooLong('a.ts', 'f();\n'.repeat(FILE_LINES + 1))).toEqual(['a.ts']);
});
