/**
 * What the kernel's side needs of the machine.
 * @module
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandError } from '../errors.ts';

/** Programs, and the Debian packages they are in. */
const PACKAGES: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
};
/** Always there. */
const NEEDED = ['unshare', 'nsenter', 'setpriv', 'ip'];
/** Where Debian keeps what only root runs; PATH may lack it. */
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** What of the machine is asked. */
export interface Machine {
  platform: string;
  uid: number;
  hasTun: boolean;
  hasProgram(name: string): boolean;
}

/** This one. */
export const MACHINE: Machine = {
  platform: process.platform,
  uid: process.getuid?.() ?? -1,
  hasTun: existsSync('/dev/net/tun'),
  hasProgram,
};

/** @throws CommandError the first thing that is missing, in one line, and how to get it. `program` is what is to be run. */
export function checkMachine(program: string | undefined, machine: Machine = MACHINE): void {
  const { platform, uid, hasTun } = machine;
  if (platform !== 'linux') throw new CommandError(`tap needs a Linux kernel, and this is ${platform}`);
  if (uid !== 0) throw new CommandError('tap needs root: sudo npm start -- tap');
  if (!hasTun) {
    throw new CommandError(
      'tap needs /dev/net/tun: modprobe tun, or, in a container, --device /dev/net/tun --cap-add NET_ADMIN,SYS_ADMIN',
    );
  }
  const missing = [...NEEDED, ...(program === undefined ? [] : [program])].find(
    (name) => !machine.hasProgram(name),
  );
  if (missing === undefined) return;
  const from = PACKAGES[missing];
  throw new CommandError(
    `tap needs the program ${missing}${from === undefined ? ', which is not there' : `: apt-get install ${from}`}`,
  );
}

function hasProgram(name: string): boolean {
  const folders = name.includes('/') ? [''] : [...(process.env.PATH ?? '').split(delimiter), ...SBIN];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
