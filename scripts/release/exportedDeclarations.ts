import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
// TypeScript 7 has no interface for programs yet; declarations read the same in 5.9.
import ts from 'typescript-api';

/** A name that an entry exports, and its declaration. */
export type ExportedDeclaration = { readonly name: string; readonly text: string };

/**
 * What a file of declarations exports, by name, wherever in its package it is declared. A name that comes from another
 * package is shown as that.
 *
 * @throws Error when a declaration is not found, as for a form of export that is not known here
 */
export async function exportedDeclarations(file: string): Promise<ExportedDeclaration[]> {
  const found = new Map<string, string>();
  await collect(file, found);
  return [...found].map(([name, text]) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function collect(file: string, found: Map<string, string>): Promise<void> {
  const source = await parse(file);
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement)) {
      const from = statement.moduleSpecifier;
      const module = from && ts.isStringLiteral(from) ? from.text : undefined;
      if (statement.exportClause === undefined) {
        if (module?.startsWith('.')) await collect(declarationsOf(file, module), found);
        else found.set(`* ${module}`, statement.getText(source));
      } else if (ts.isNamedExports(statement.exportClause)) {
        for (const { name, propertyName } of statement.exportClause.elements) {
          const original = (propertyName ?? name).text;
          found.set(name.text, await declared(file, original, module));
        }
      } else throw new Error(`${file}: what "${statement.getText(source)}" exports is not known.`);
    } else if (isExported(statement)) {
      for (const name of namesOf(statement)) found.set(name, await declared(file, name, undefined));
    }
  }
}

/** The text of a declaration, found in a file, or where that file has it from. */
async function declared(file: string, name: string, module: string | undefined): Promise<string> {
  if (module !== undefined) {
    if (!module.startsWith('.')) return `export { ${name} } from '${module}';`;
    return declared(declarationsOf(file, module), name, undefined);
  }
  const source = await parse(file);
  const own = source.statements.filter(statement => namesOf(statement).includes(name));
  if (own.length > 0)
    return own
      .map(statement =>
        statement
          .getFullText(source)
          .trim()
          .replace(/^declare /, 'export declare '),
      )
      .join('\n');
  for (const statement of source.statements) {
    const from =
      ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
        ? statement.moduleSpecifier
        : undefined;
    if (from === undefined || !ts.isStringLiteral(from)) continue;
    const named = ts.isImportDeclaration(statement)
      ? statement.importClause?.namedBindings
      : (statement as ts.ExportDeclaration).exportClause;
    if (named === undefined || !(ts.isNamedImports(named) || ts.isNamedExports(named))) continue;
    const element = [...named.elements].find(each => each.name.text === name);
    if (element) return declared(file, (element.propertyName ?? element.name).text, from.text);
  }
  throw new Error(`${file} exports ${name}, and its declaration is not found.`);
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  if (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  )
    return statement.name ? [statement.name.text] : ['default'];
  return [];
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

function declarationsOf(file: string, module: string): string {
  return join(dirname(file), module.replace(/\.(js|ts)$/, '.d.ts'));
}

async function parse(file: string): Promise<ts.SourceFile> {
  return ts.createSourceFile(file, await readFile(file, 'utf8'), ts.ScriptTarget.Latest, true);
}
