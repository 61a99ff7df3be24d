/** The bounds of sizes in src: no file has over 400 lines, and no class over 250. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');
const FILE_LINES = 400;
const CLASS_LINES = 250;

/** What is too long in a file: the file itself, and the names of classes. */
function tooLong(name: string, text: string): string[] {
  // To parse all files takes seconds, and a class is no longer than its file.
  if (text.split('\n').length <= CLASS_LINES) return [];
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest);
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  const found = lineOf(text.trimEnd().length) + 1 > FILE_LINES ? [name] : [];
  const visit = (node: ts.Node): void => {
    const lines = lineOf(node.getEnd()) - lineOf(node.getStart(file)) + 1;
    if (ts.isClassLike(node) && lines > CLASS_LINES) found.push(`${name}: ${node.name?.text ?? 'class'}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
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
