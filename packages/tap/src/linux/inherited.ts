/**
 * What an inherited descriptor is: a launcher opened it, and we must find out how.
 * @module
 */
import { readFileSync } from 'node:fs';
import { TapError } from '../tap-error.ts';
import { IFF_NO_PI, IFF_TAP, IFF_TUN, IFF_VNET_HDR } from './tun.ts';

/** How the launcher made it. */
export interface Inherited {
  /** The interface's name. */
  readonly name: string;
  /** `IFF_*`; `undefined` where nobody tells: it is in another namespace, and there is no koffi. */
  readonly flags: number | undefined;
}

/** Looks at a descriptor. `ask`: what the kernel says of it, through koffi. @throws TapError EBADF: it is no TAP and no TUN. */
export function inspect(fd: number, ask: ((fd: number) => number | undefined) | undefined): Inherited {
  const name = /^iff:\t(.+)$/m.exec(read(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
  if (name === undefined) {
    throw new TapError('EBADF', `descriptor ${fd} is not one of /dev/net/tun, or has no interface yet`);
  }
  const text = ask === undefined ? read(`/sys/class/net/${name}/tun_flags`) : undefined;
  return { name, flags: text === undefined ? ask?.(fd) : Number(text) };
}

/** Whether each packet has a `virtio_net_hdr` in front. @throws TapError EINVAL: it is not what it should be. */
export function hasHeader(
  { name, flags }: Inherited,
  type: 'ether' | 'none',
  offloads: boolean | undefined,
): boolean {
  if (flags === undefined) return offloads ?? false;
  const refuse = (what: string): never => {
    throw new TapError('EINVAL', `${name}: ${what}`);
  };
  if ((flags & (type === 'none' ? IFF_TUN : IFF_TAP)) === 0) {
    refuse(type === 'none' ? 'it is a TAP: openTap' : 'it is a TUN: openTun');
  }
  if ((flags & IFF_NO_PI) === 0) refuse('its launcher must open it with IFF_NO_PI');
  const has = (flags & IFF_VNET_HDR) !== 0;
  if (offloads !== undefined && offloads !== has) {
    refuse(`its launcher opened it ${has ? 'with' : 'without'} IFF_VNET_HDR: offloads is ${has}`);
  }
  return has;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
