/**
 * Opening a TAP or TUN.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { type Pool, requireRange } from '@stack/skbuff';
import type { Descriptor } from './descriptor.ts';
import { hasHeader, inspect } from './linux/inherited.ts';
import { KoffiDescriptor } from './linux/koffi-descriptor.ts';
import { type Libc, loadLibc } from './linux/libc.ts';
import { NodeDescriptor } from './linux/node-descriptor.ts';
import { openTunDevice, setOffloads, tunFlags } from './linux/tun.ts';
import { Tap, type TapInit } from './tap.ts';
import { TapError } from './tap-error.ts';

/** How a device is opened. */
export interface TapOptions {
  /** Where received packets live; a host's own: `host.pool`. */
  pool: Pool;
  /** Name of the interface on the kernel's side, up to 15 characters, or a pattern such as `tap%d`. Default: `tap%d`, `tun%d`. */
  name?: string;
  /**
   * Bytes behind the link header that our side sends and takes, 68..65535. Default 1500. The kernel's side has its own, which
   * `ip link set tap0 mtu 9000` changes.
   */
  mtu?: number;
  /** MAC address of our side, u48; the kernel's side has its own. Default: a random one, locally administered. TUN has none. */
  address?: number;
  /**
   * `IFF_VNET_HDR`: checksums left to whoever needs them, and TCP super-packets of up to 64 KiB in one read or write, both ways. Default
   * true; many times as fast.
   */
  offloads?: boolean;
  /**
   * `IFF_NAPI`: the kernel takes what we send through NAPI and GRO, as from a network card. It merges TCP segments where they may wait for
   * each other, `echo 20000 > /sys/class/net/tap0/gro_flush_timeout` (ns). Without offloads it takes twice as much where a thread does that,
   * `echo 1 > /sys/class/net/tap0/threaded`, and half as much where none does. Default false.
   */
  napi?: boolean;
  /**
   * A descriptor of `/dev/net/tun` that whoever started this process opened and set up (`TUNSETIFF` with `IFF_NO_PI`); it is taken over, and
   * `name` is not used. Works without koffi, and then slower. `offloads` is what it was set up with.
   */
  fd?: number;
}

const MAX_MAC = 0xffff_ffff_ffff;
const MIN_MTU = 68;
const IFNAMSIZ = 16;

/** Opens a TAP: Ethernet frames. Rejects with {@link TapError}, one line that says what is missing; RangeError for an option out of its range. */
export function openTap(options: TapOptions): Promise<Tap> {
  return open('ether', options);
}

/** Opens a TUN: IP packets without a link header. Rejects as {@link openTap} does. */
export function openTun(options: TapOptions): Promise<Tap> {
  return open('none', options);
}

/** What {@link open} takes from the system. @internal */
export interface System {
  readonly platform: string;
  loadLibc(): Promise<Libc>;
}

const SYSTEM: System = { platform: process.platform, loadLibc };

/** @internal */
export async function open(
  type: 'ether' | 'none',
  options: TapOptions,
  system: System = SYSTEM,
): Promise<Tap> {
  const { pool, name = type === 'none' ? 'tun%d' : 'tap%d', mtu = 1500, offloads = true } = options;
  const { address = randomMac(), napi = false, fd } = options;
  requireRange('tap', 'mtu', mtu, 0xffff);
  if (mtu < MIN_MTU) throw new RangeError(`tap: mtu ${mtu} is below ${MIN_MTU}`);
  requireRange('tap', 'address', address, MAX_MAC);
  if (!/^[\x21-\x7e]+$/.test(name) || name.length >= IFNAMSIZ || name.includes('/')) {
    throw new RangeError(`tap: ${JSON.stringify(name)} is no name for an interface`);
  }
  if (system.platform !== 'linux') {
    const message = `TAP devices are Linux only, and this is ${system.platform}; use the QEMU framing of @stack/tap, over a socket`;
    throw new TapError('ERR_NOT_SUPPORTED', message);
  }
  const device = { pool, type, mtu, address };
  if (fd !== undefined) requireRange('tap', 'fd', fd, 0x7fff_ffff);
  if (fd !== undefined) return inherit(device, fd, options.offloads, system);
  const libc = await system.loadLibc();
  const { fd: made, name: kernelName } = openTunDevice(libc, { type, name, offloads, napi });
  return finish(device, new KoffiDescriptor(libc, made), kernelName, offloads);
}

type Common = Pick<TapInit, 'pool' | 'type' | 'mtu' | 'address'>;

/** A device on a descriptor that a launcher opened; without koffi, too. */
async function inherit(
  device: Common,
  fd: number,
  offloads: boolean | undefined,
  system: System,
): Promise<Tap> {
  const libc = await system.loadLibc().catch(() => undefined);
  const inherited = inspect(fd, libc && ((inherited) => tunFlags(libc, inherited)));
  const isHeaded = hasHeader(inherited, device.type, offloads);
  if (libc === undefined) return finish(device, new NodeDescriptor(fd), inherited.name, isHeaded);
  if (isHeaded) setOffloads(libc, fd, inherited.name);
  return finish(device, new KoffiDescriptor(libc, fd), inherited.name, isHeaded);
}

function finish(device: Common, descriptor: Descriptor, name: string, offloads: boolean): Tap {
  try {
    return new Tap({ ...device, descriptor, name, offloads, later: offloads ? setImmediate : undefined });
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/** Not a group's, locally administered. */
function randomMac(): number {
  const bytes = randomBytes(6);
  return bytes.readUIntBE(0, 6) - (bytes[0] as number) * 0x100_0000_0000 + 0x02_00_00_00_00_00;
}
