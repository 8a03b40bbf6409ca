/**
 * Turns a README's example into a module that checks itself. In the first `ts` block,
 *
 *     expression; // => value                the value is a JavaScript expression too, compared deeply
 *     const name = expression; // => value
 *     console.log(expression); // => text    what is printed
 *
 * The comment may also stand below its statement, and a value may go on in the comment lines after it.
 */
import ts from 'typescript';

/** The first ```ts block of a page; undefined without one. */
export function firstBlock(markdown) {
  return /^```ts[^\S\n]*\n(.*?)^```/ms.exec(markdown)?.[1];
}

/** The ```ts blocks of a page that promise something. */
export function examples(markdown) {
  const blocks = markdown.matchAll(/^```ts[^\S\n]*\n(.*?)^```/gms);
  return Array.from(blocks, ([, block]) => block).filter((block) => block.includes('// =>'));
}

/**
 * The block as a JavaScript module. Imported, it throws at the first value that is not as promised, or at its end if a
 * promise was never reached.
 * @throws {Error} when nothing is promised, or where a `// =>` is not behind a statement that has a value.
 */
export function toModule(block) {
  const source = ts.createSourceFile('example.ts', block, ts.ScriptTarget.Latest, true);
  const edits = [];
  const visit = (node) => {
    const value = ts.isStatement(node) ? promised(block, node.end) : undefined;
    if (value === undefined) ts.forEachChild(node, visit);
    else edits.push({ start: node.getStart(), end: node.end, text: comparison(source, node, value) });
  };
  visit(source);
  const written = block.match(/\/\/ =>/g)?.length ?? 0;
  if (written === 0) throw new Error('the example promises nothing: add `// => value` behind a line');
  if (written !== edits.length) throw new Error('a `// =>` of the example is not behind a statement');

  let text = block;
  for (const edit of edits.reverse()) text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return `${PRELUDE}${outputText}\n__equal(__kept.size, ${edits.length}, 'promises that were reached');\n`;
}

const PRELUDE = `import { deepStrictEqual as __equal } from 'node:assert/strict';
import { format as __format } from 'node:util';
const __kept = new Set();
function __promise(line, actual, expected) {
  __kept.add(line);
  try {
    __equal(actual, expected);
  } catch (error) {
    throw new Error('line ' + line + ' of the example: ' + error.message);
  }
}
`;

/** What the `// =>` behind a statement says, with the comment lines that complete it. */
function promised(block, end) {
  const rest = block.slice(end);
  const first = /^[^\S\n]*\n?[^\S\n]*\/\/ => ([^\n]*)/.exec(rest);
  if (!first) return undefined;
  let value = first[1].trim();
  for (const line of rest.slice(first[0].length + 1).split('\n')) {
    const more = /^\s*\/\/(?! =>)(.*)$/.exec(line)?.[1];
    if (more === undefined || isComplete(value)) break;
    value += `\n${more}`;
  }
  return value;
}

const isComplete = (value) =>
  ts.transpileModule(`(${value}\n)`, { reportDiagnostics: true }).diagnostics.length === 0;

/** The statement, with a comparison of its value. */
function comparison(source, statement, value) {
  const line = source.getLineAndCharacterOfPosition(statement.getStart()).line + 1;
  const promise = (actual, expected) => `__promise(${line}, ${actual}, (${expected}\n));`;
  if (ts.isVariableStatement(statement) && statement.declarationList.declarations.length === 1) {
    const { name } = statement.declarationList.declarations[0];
    if (ts.isIdentifier(name)) return `${statement.getText()}\n${promise(name.text, value)}`;
  }
  if (!ts.isExpressionStatement(statement)) throw new Error(`line ${line} of the example has no value`);
  const { expression } = statement;
  const prints = ts.isCallExpression(expression) && expression.expression.getText() === 'console.log';
  if (!prints) return promise(expression.getText(), value);
  const printed = expression.arguments.map((argument) => argument.getText()).join(', ');
  return promise(`__format(${printed})`, JSON.stringify(value));
}
