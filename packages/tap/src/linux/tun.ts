/**
 * `/dev/net/tun`: how a TAP or TUN is made (Linux Documentation/networking/tuntap.rst).
 * @module
 */
import { closeSync, constants, openSync } from 'node:fs';
import { endianness } from 'node:os';
import { ERRNO, errnoName } from '../descriptor.ts';
import { TapError } from '../tap-error.ts';
import { VNET_HLEN } from '../vnet-header.ts';
import type { Libc } from './libc.ts';

const PATH = '/dev/net/tun';
const LITTLE: boolean = /* @__PURE__ */ endianness() === 'LE';

// `struct ifreq`.
const IFREQ_SIZE = 40;
const IFNAMSIZ = 16;

/** IP packets. */
export const IFF_TUN = 0x0001;
/** Ethernet frames. */
export const IFF_TAP = 0x0002;
/** What is written goes through NAPI and GRO. */
const IFF_NAPI = 0x0010;
/** No four bytes of flags and type in front. */
export const IFF_NO_PI = 0x1000;
/** A `virtio_net_hdr` in front. */
export const IFF_VNET_HDR = 0x4000;

const TUN_F_CSUM = 0x01;
const TUN_F_TSO4 = 0x02;
const TUN_F_TSO6 = 0x04;
const TUN_F_TSO_ECN = 0x08;

/** `_IOW('T', number, int)` and `_IOR`, whose two bits are the other way round on some processors. */
function request(number: number, direction: 'write' | 'read' = 'write'): number {
  const isSwapped = process.arch === 'ppc64' || process.arch.startsWith('mips');
  return ((direction === 'read') === isSwapped ? 0x4000_0000 : 0x8000_0000) + 0x0004_5400 + number;
}

/** What an interface is to be. */
export interface TunRequest {
  readonly type: 'ether' | 'none';
  /** Name or pattern, such as `tap%d`; empty for one of the kernel's choice. */
  readonly name: string;
  readonly offloads: boolean;
  /** Default false. */
  readonly napi?: boolean;
}

/** Opens an interface, non-blocking. @throws TapError with the errno's name. */
export function openTunDevice(
  libc: Libc,
  wanted: TunRequest,
  path: string = PATH,
): { fd: number; name: string } {
  const fd = openFile(path);
  try {
    return { fd, name: setUp(libc, fd, wanted) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK); // Node adds O_CLOEXEC
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    throw new TapError(code, openMessage(code, path), { cause: error });
  }
}

function openMessage(code: string, path: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return `${path} is missing: load the driver with modprobe tun; a container needs --device ${path}`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to open ${path}: run as root, or allow it with chmod 666 ${path}; a container needs --device ${path}`;
    default:
      return `cannot open ${path}: ${code}`;
  }
}

/** Names the interface and switches on what was asked for; its name. */
function setUp(libc: Libc, fd: number, { type, name, offloads, napi = false }: TunRequest): string {
  const ifreq = new Uint8Array(IFREQ_SIZE);
  for (let i = 0; i < name.length; i++) ifreq[i] = name.charCodeAt(i);
  const kind = type === 'none' ? IFF_TUN : IFF_TAP;
  const flags = kind | IFF_NO_PI | (offloads ? IFF_VNET_HDR : 0) | (napi ? IFF_NAPI : 0);
  new DataView(ifreq.buffer).setUint16(IFNAMSIZ, flags, LITTLE);
  if (libc.ioctl(fd, request(202), ifreq) < 0) throw refused(libc.errno(), type, name);
  const end = ifreq.indexOf(0);
  const actual = String.fromCharCode(...ifreq.subarray(0, Math.min(end < 0 ? IFNAMSIZ : end, IFNAMSIZ)));
  if (offloads) setOffloads(libc, fd, actual);
  return actual;
}

/** The flags of an open one; `undefined` where the kernel does not say. */
export function tunFlags(libc: Libc, fd: number): number | undefined {
  const ifreq = new Uint8Array(IFREQ_SIZE);
  if (libc.ioctl(fd, request(210, 'read'), ifreq) < 0) return undefined;
  return new DataView(ifreq.buffer).getUint16(IFNAMSIZ, LITTLE);
}

/** Switches on what a packet may leave to its receiver. @throws TapError */
export function setOffloads(libc: Libc, fd: number, name: string): void {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setInt32(0, VNET_HLEN, LITTLE);
  const offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  if (libc.ioctl(fd, request(216), size) < 0 || libc.ioctlValue(fd, request(208), offloads) < 0) {
    const code = errnoName(libc.errno());
    throw new TapError(
      code,
      `${name}: this kernel has no offloads for it (${code}): use { offloads: false }`,
    );
  }
}

function refused(errno: number, type: 'ether' | 'none', name: string): TapError {
  const mode = type === 'none' ? 'tun' : 'tap';
  const code = errno === 1 ? 'EPERM' : errnoName(errno);
  const what = name === '' ? `a ${mode} interface` : `${mode} interface ${name}`;
  switch (errno) {
    case 1:
      return new TapError(
        code,
        `no permission for ${what}: it takes CAP_NET_ADMIN, as root has, or one made beforehand with ip tuntap add NAME mode ${mode} user $USER`,
      );
    case ERRNO.EBUSY:
      return new TapError(code, `${what} is in use: another program has it open`);
    case ERRNO.EINVAL:
      return new TapError(code, `${what} exists and is of another kind, or its name is not a legal one`);
    default:
      return new TapError(code, `cannot make ${what}: ${code}`);
  }
}
