/** Pairs of devices for the device laws, each with another thing between the two. */
import { Pool } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import type { DeviceBench } from '@stack/testkit';
import { KoffiDescriptor } from './linux/koffi-descriptor.ts';
import { type Libc, loadLibc } from './linux/libc.ts';
import { openTunDevice } from './linux/tun.ts';
import type { Netns } from './netns.ts';
import { open, openTap, type TapOptions } from './open.ts';
import { type TapPairOptions, tapPair } from './pair.ts';
import { Tap } from './tap.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** TAPs made; a name stands for one of them alone, in whatever namespace. */
let made = process.pid * 1000;
const MACS = [0x02_00_00_00_00_01, 0x02_00_00_00_00_02] as const;

/** What differs from one bench to the next. */
export interface Kind {
  readonly type?: 'ether' | 'none';
  readonly offloads?: boolean;
}

function poisoned(): Pool {
  return new Pool({ poison: true, chunkSize: 65_536 });
}

/** Nothing between them but memory. */
export function inMemory(options: Partial<TapPairOptions> = {}): DeviceBench {
  const pools: [Pool, Pool] = [poisoned(), poisoned()];
  const [a, b] = tapPair({ pools, ...options });
  return { a, b, pools, passesSuperPackets: options.offloads !== false, pump() {}, frame: frameOf(a, b) };
}

/** A socket pair: system calls, and no root. */
export async function overSocketPair({ type = 'ether', offloads = true }: Kind): Promise<DeviceBench> {
  const libc = await loadLibc();
  const pools: [Pool, Pool] = [poisoned(), poisoned()];
  const [a, b] = socketPair(libc).map((fd, end) => {
    const descriptor = new KoffiDescriptor(libc, fd);
    const init = { descriptor, pool: pools[end] as Pool, name: `pair${end}`, mtu: 1500 };
    return new Tap({ ...init, type, address: MACS[end] as number, offloads });
  }) as [Tap, Tap];
  return { a, b, pools, passesSuperPackets: offloads, pump: turns, frame: frameOf(a, b) };
}

/** Two ends of a non-blocking AF_UNIX socket that keeps the bounds of messages. */
export function socketPair(libc: Libc): [number, number] {
  const fds = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
    throw new Error(`socketpair: errno ${libc.errno()}`);
  }
  return [fds[0] as number, fds[1] as number];
}

/** Two TAPs, and a bridge of Linux between them, in a namespace that has one called `br0`. `koffi`: whether it is installed. */
export async function overBridge(ns: Netns, offloads: boolean, koffi = true): Promise<DeviceBench> {
  const pools: [Pool, Pool] = [poisoned(), poisoned()];
  const [a, b] = await Promise.all(
    pools.map((pool, end) => {
      const options = { pool, name: `law${made++}`, address: MACS[end] as number, offloads };
      return koffi ? openTap(options) : openInherited(options);
    }),
  );
  if (a === undefined || b === undefined) throw new Error('two were made');
  for (const { kernelName } of [a, b]) ns.adopt(kernelName);
  const commands = [a, b].map(({ kernelName }) => `ip link set ${kernelName} master br0 up`);
  ns.run('sh', '-c', commands.join(' && '));
  return { a, b, pools, passesSuperPackets: offloads, pump: turns, frame: frameOf(a, b, 0x0800) };
}

/** The same as a host has them: what is sent is gathered, and goes when it is pumped. */
export function gathered(bench: DeviceBench): DeviceBench {
  const { a, b } = bench;
  for (const device of [a, b] as [Tap, Tap]) device.gathers = true;
  return {
    ...bench,
    pump: async () => {
      for (const device of [a, b] as [Tap, Tap]) device.flush?.();
      await bench.pump();
    },
  };
}

/** What `openTap` makes of a descriptor that a launcher opened, where there is no koffi. */
export async function openInherited(options: TapOptions & { name: string; offloads: boolean }): Promise<Tap> {
  const { fd } = openTunDevice(await loadLibc(), { type: 'ether', ...options });
  return open(
    'ether',
    { ...options, fd },
    { platform: 'linux', loadLibc: () => Promise.reject(new Error('none')) },
  );
}

/** Lets the event loop look at its descriptors. What is between two of them takes no time. */
async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Frames from `a` to `b`; without a link header, at least a byte, for there are no packets without one. */
function frameOf(a: Tap, b: Tap, etherType = 0x88b5): (payload: Uint8Array) => Uint8Array {
  if (a.type === 'none') return (payload) => (payload.length > 0 ? payload : Uint8Array.of(0x45));
  return (payload) => {
    const bytes = new Uint8Array(14 + payload.length);
    const view = new DataView(bytes.buffer);
    for (const [at, address] of [[0, b.address] as const, [6, a.address] as const]) {
      view.setUint16(at, Math.floor(address / 0x1_0000_0000));
      view.setUint32(at + 2, address % 0x1_0000_0000);
    }
    view.setUint16(12, etherType);
    bytes.set(payload, 14);
    if (etherType === 0x0800 && payload.length >= 40) writeIpv4(view, 14, payload.length);
    return bytes;
  };
}

/** An IPv4 header without options, of a TCP packet: the kernel looks at that of a super-packet. */
function writeIpv4(view: DataView, at: number, length: number): void {
  const words = [0x4500, length, 0, 0x4000, 0x4006, 0, 0x0a00, 0x0001, 0x0a00, 0x0002];
  for (const [i, word] of words.entries()) view.setUint16(at + 2 * i, word);
  view.setUint16(at + 10, csumFold(csumPartial(view, at, 20)));
}
