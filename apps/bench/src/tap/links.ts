/**
 * The two links: a TAP with a host of ours on one side and the kernel on the other, and a veth with the kernel on both.
 * @module
 */
import { createHost, type Host, RealClock } from '@stack/host';
import { Netns, openTap, type Tap } from '@stack/tap';
import { KernelPeer } from './kernel-peer.ts';

/** The kernel's side of a TAP, and the server's of a veth. */
export const KERNEL = '10.0.0.1';
/** Our side of a TAP, and the client's of a veth. */
export const OTHER = '10.0.0.2';
/** Of both. */
export const PREFIX = '/24';
const MTU = '1500';

/** A host of ours on a TAP whose interface is in a namespace, with a program there. */
export interface TapLink {
  readonly clock: RealClock;
  readonly host: Host;
  readonly tap: Tap;
  readonly namespace: Netns;
  readonly peer: KernelPeer;
}

/**
 * What a TAP can do. `offloads`: partial checksums and super-packets both ways. `big`: of up to 256 KiB on the way to the kernel. `plain`: frames of 1514 bytes, checksummed. `gro`: those, and the
 * kernel merges what it receives, as it does behind a network card. `thread`: and does so in a thread of its own, not in our system call.
 */
export type TapKind = 'offloads' | 'big' | 'plain' | 'gro' | 'thread';

/** `gso_ipv4_max_size` of `big`, bytes. */
const BIG_TCP = 262_144;
/** How long the kernel lets a segment wait for the next one, ns. */
const GRO_FLUSH_TIMEOUT = 20_000;

/** Opens one. MTU 1500 on both sides in any case. */
export async function openTapLink(kind: TapKind, program: string): Promise<TapLink> {
  const clock = new RealClock();
  const host = createHost({ clock, seed: 1 });
  const namespace = await Netns.open();
  const tap = await openTap({ pool: host.pool, offloads: hasOffloads(kind), napi: isMerging(kind) });
  const { kernelName } = tap;
  namespace.adopt(kernelName);
  if (isMerging(kind)) mergeSegments(namespace, kernelName, kind === 'thread');
  configure(namespace, kernelName, KERNEL);
  host.link.add(tap, { up: true, ...(kind === 'big' && { gso_ipv4_max_size: BIG_TCP }) });
  host.addr.add(`${OTHER}${PREFIX}`, { dev: tap.name });
  return { clock, host, tap, namespace, peer: KernelPeer.start(namespace, program) };
}

/** Ends it. @throws Error where something is left behind, or the kernel found a wrong checksum. */
export async function closeTapLink({ clock, host, namespace, peer }: TapLink): Promise<void> {
  const wrong = checksumErrors(namespace);
  peer.close();
  await host.close();
  await namespace.close();
  const { skbs, inUse } = host.pool.stats;
  clock.close();
  if (wrong > 0) throw new Error(`${wrong} segments with a wrong checksum arrived at the kernel`);
  if (skbs > 0 || inUse > 0) throw new Error(`left behind: ${skbs} packets, ${inUse} pages`);
}

function hasOffloads(kind: TapKind): boolean {
  return kind === 'offloads' || kind === 'big';
}

function isMerging(kind: TapKind): boolean {
  return kind === 'gro' || kind === 'thread';
}

/** Switches GRO's patience on. A sysfs shows the namespace it was mounted in, so it takes one of its own. */
function mergeSegments(namespace: Netns, name: string, threaded: boolean): void {
  const folder = `/sys/class/net/${name}`;
  const script = [
    'mount -t sysfs sysfs /sys',
    `echo ${GRO_FLUSH_TIMEOUT} > ${folder}/gro_flush_timeout`,
    `echo ${threaded ? 1 : 0} > ${folder}/threaded`,
  ].join(' && ');
  namespace.run('unshare', '--mount', 'sh', '-c', script);
}

/** Two namespaces with a veth between them. */
export interface VethLink {
  readonly server: Netns;
  readonly client: Netns;
}

/** Opens one; without offloads each packet is a frame of 1514 bytes at most, and its checksum is in it. */
export async function openVethLink(offloads: boolean): Promise<VethLink> {
  const server = await Netns.open();
  const client = await Netns.open();
  const names = ['veth0', 'veth1'] as const;
  server.run(
    'ip',
    'link',
    'add',
    names[0],
    'type',
    'veth',
    'peer',
    'name',
    names[1],
    'netns',
    String(client.pid),
  );
  for (const [namespace, name, address] of [
    [server, names[0], KERNEL],
    [client, names[1], OTHER],
  ] as const) {
    if (!offloads) {
      const off = ['tx', 'rx', 'sg', 'tso', 'gso', 'gro'].flatMap((feature) => [feature, 'off']);
      namespace.run('ethtool', '-K', name, ...off);
    }
    configure(namespace, name, address);
  }
  return { server, client };
}

/** Ends it. */
export async function closeVethLink({ server, client }: VethLink): Promise<void> {
  await server.close();
  await client.close();
}

/** Addresses an interface and sets it up. */
export function configure(namespace: Netns, name: string, address: string): void {
  namespace.run('ip', 'link', 'set', name, 'mtu', MTU);
  namespace.run('ip', 'address', 'add', `${address}${PREFIX}`, 'dev', name);
  namespace.run('ip', 'link', 'set', name, 'up');
}

/** `TcpInCsumErrors` of a namespace. */
function checksumErrors(namespace: Netns): number {
  const [names = '', values = ''] = namespace
    .run('cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'));
  return Number(values.split(' ')[names.split(' ').indexOf('InCsumErrors')]);
}
