/** Bundles a module as a web page would, and proves that the bundle needs nothing but the language. */
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * Bundles all of `module` as installed in `project` and runs it where there is neither Node nor DOM.
 * @returns {Promise<{ min: number, gzip: number }>} bytes.
 * @throws {Error} naming the import that a browser cannot have, or what failed at load.
 */
export async function bundleSizes(project, module) {
  const bundle = async (format) => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${module}';`, resolveDir: project },
      bundle: true,
      minify: true,
      write: false,
      platform: 'browser',
      format,
      globalName: 'bundled',
      logLevel: 'silent',
    });
    return outputFiles[0].text;
  };
  const text = await bundle('esm');
  if (/(?<![.\w$])(process(?=\s*\.)|Buffer(?=\s*[.(])|__dirname|require(?=\s*\())/.test(text)) {
    throw new Error(`uses ${RegExp.$1}, which only Node has`);
  }
  const bare = createContext({});
  runInContext('delete globalThis.console', bare); // V8 brings one
  const names = runInContext(`${await bundle('iife')}; Object.keys(bundled).length`, bare);
  if (names === 0) throw new Error('exports nothing');
  return { min: Buffer.byteLength(text), gzip: gzipSync(text, { level: 9 }).length };
}
