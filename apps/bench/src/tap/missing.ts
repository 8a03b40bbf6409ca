/**
 * Whether a TAP can be measured here.
 * @module
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program → the Debian package it is in. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ethtool: 'ethtool',
  iperf3: 'iperf3',
  nsenter: 'util-linux',
};

/** One line that says what is missing, and how to get it; `undefined` where all is there. */
export async function tapMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `TAP devices are Linux only, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'network namespaces and TAP devices need root';
  if (!isUsable('/dev/net/tun', constants.R_OK | constants.W_OK)) {
    return '/dev/net/tun is missing: load the driver with modprobe tun; a container needs --device /dev/net/tun';
  }
  for (const [program, inPackage] of Object.entries(PROGRAMS)) {
    const folders = (process.env.PATH ?? '').split(delimiter);
    if (!folders.some((folder) => isUsable(join(folder, program), constants.X_OK))) {
      return `no program ${program}: apt-get install ${inPackage}`;
    }
  }
  try {
    await import('koffi');
  } catch {
    return 'koffi is not installed or does not load here: npm install koffi';
  }
  return undefined;
}

function isUsable(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
