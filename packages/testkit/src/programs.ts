/**
 * Programs that tests run beside ours: found, or installed where that is allowed.
 * @packageDocumentation
 */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Where Debian keeps what only root runs; PATH may lack it. */
const SBIN: readonly string[] = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
/** One installation at a time on a machine, whoever asks. */
const LOCK = '/tmp/stack-programs.lock';
/** Longest time for an installation, ms. */
const PATIENCE = 300_000;

/**
 * Looks for programs, and as root on Debian installs the packages of those that are not there. What it resolves to is still missing.
 * @param programs Program → Debian package: `{ ping: 'iputils-ping' }`.
 */
export async function installPrograms(programs: Readonly<Record<string, string>>): Promise<string[]> {
  const absent = missing(programs);
  if (absent.length === 0 || process.getuid?.() !== 0 || !isThere('apt-get')) return absent;
  const packages = new Set(absent.map((program) => programs[program] as string));
  const aptGet = 'apt-get -q -y -o DPkg::Lock::Timeout=200';
  // A new machine has no package lists, or old ones.
  const script = `${aptGet} update; ${aptGet} install ${[...packages].join(' ')}`;
  try {
    await promisify(execFile)('flock', [LOCK, 'sh', '-c', script], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: PATIENCE,
      maxBuffer: Number.POSITIVE_INFINITY,
    });
  } catch {
    // What it could not install is missing.
  }
  return missing(programs);
}

function missing(programs: Readonly<Record<string, string>>): string[] {
  return Object.keys(programs).filter((program) => !isThere(program));
}

function isThere(program: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), ...SBIN].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
