/**
 * What tests of `tap` need of the machine: root, /dev/net/tun, and programs, which are installed where that is allowed.
 * @module
 */
import { existsSync } from 'node:fs';
import { installPrograms } from '@stack/testkit/programs';

const PROGRAMS = { ip: 'iproute2', curl: 'curl', python3: 'python3-minimal', nsenter: 'util-linux' };

const missing = await absent();
if (missing !== undefined) console.log(`skipped: tap needs ${missing}`);

/** Whether these tests are to be skipped; never where `CI=true`. */
export const skipped: boolean = missing !== undefined && process.env.CI !== 'true';

async function absent(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a Linux kernel';
  if (process.getuid?.() !== 0) return 'root';
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun';
  const [program] = await installPrograms(PROGRAMS);
  return program;
}
