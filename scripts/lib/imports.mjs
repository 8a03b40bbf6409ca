/** Every way a TypeScript file can name another module, by the compiler's own parser. */
import ts from 'typescript';

/**
 * @typedef {object} Import
 * @property {string} target  The module specifier as written; '' where it is not a literal.
 * @property {number} line  From 1.
 * @property {boolean} [isRequire]  A call of a function named `require`, which may look anywhere.
 */

/** @returns {Import[]} static, dynamic, type, re-exported, required, augmented and referenced modules, in file order. */
export function findImports(fileName, text) {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const found = [...source.typeReferenceDirectives, ...source.referencedFiles].map((reference) => ({
    target: reference.fileName,
    line: lineAt(source, reference.pos),
  }));
  const visit = (node) => {
    const module = moduleOf(node);
    if (module) {
      const target = ts.isStringLiteralLike(module) ? module.text : '';
      found.push({ target, line: lineAt(source, node.getStart()), isRequire: isRequire(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The expression that names a module, where `node` is an import of any kind. */
function moduleOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return node.argument.literal;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name)) return node.name;
  const isImport = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport || isRequire(node) ? node.arguments[0] : undefined;
}

const isRequire = (node) =>
  ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'require';

const lineAt = (source, position) => source.getLineAndCharacterOfPosition(position).line + 1;
