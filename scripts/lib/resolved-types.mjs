/** Whether whoever can import a packed package finds its types, and finds them true. */
import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';

/** Resolutions that know no ES modules. */
const IGNORED = ['node10', 'node16-cjs'];

/** @returns {Promise<string[]>} what is wrong, a problem of a module a line. */
export async function resolutionFaults(tarball) {
  const { types, problems } = await checkPackage(
    createPackageFromTarballData(new Uint8Array(readFileSync(tarball))),
  );
  if (!types) return ['has none'];
  return problems
    .filter(({ resolutionKind }) => !IGNORED.includes(resolutionKind))
    .map(({ kind, entrypoint, fileName, resolutionKind, resolutionOption }) =>
      [kind, entrypoint ?? fileName, resolutionKind ?? resolutionOption].filter(Boolean).join(' '),
    );
}
