/** Type-checks what a user would write against the installed form of a package. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { specifier, subpaths } from './workspace.mjs';

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  types: [],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: false,
};

/** A compiler's host that parses the language's own library once. */
const host = ts.createCompilerHost(OPTIONS);
const read = host.getSourceFile;
const library = new Map();
host.getSourceFile = (name, ...rest) => {
  if (dirname(name) !== host.getDefaultLibLocation()) return read(name, ...rest);
  if (!library.has(name)) library.set(name, read(name, ...rest));
  return library.get(name);
};

/**
 * Compiles every subpath and the README's example in `project`, declarations checked, with the installed `types` and no others;
 * ./node only where they are Node's.
 * @returns {string[]} the compiler's errors.
 */
export function typeFaults(project, manifest, example, types = []) {
  const imports = subpaths(manifest)
    .filter((subpath) => subpath !== './node' || types.includes('node'))
    .map(
      (subpath, index) =>
        `import * as m${index} from '${specifier(manifest, subpath)}';\nexport { m${index} };\n`,
    );
  const console = types.length > 0 ? '' : 'declare const console: { log(...values: unknown[]): void };\n';
  const files = { 'imports.ts': imports.join(''), 'example.ts': `${console}${example}\nexport {};\n` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  const program = ts.createProgram(
    Object.keys(files).map((name) => join(project, name)),
    { ...OPTIONS, types, typeRoots: [join(project, 'node_modules/@types')] },
    host,
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const place = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ` : '';
    return (place + ts.flattenDiagnosticMessageText(messageText, ' ')).replace(`${project}/`, '');
  });
}
