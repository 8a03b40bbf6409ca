/**
 * `SO_REUSEPORT`: sockets on one address and port that share its datagrams by the hash of the sender (Linux sock_reuseport.c).
 * @module
 */
import type { UdpSock } from './udp-sock.ts';

/** Sockets bound to the same address, port and device. */
export interface ReuseGroup {
  readonly socks: UdpSock[];
}

/** Puts a socket that was just bound into the group of one it shares everything with, or into a new one. */
export function joinGroup(sk: UdpSock, twin: UdpSock | undefined): void {
  const group = twin?.group ?? { socks: [] };
  group.socks.push(sk);
  sk.group = group;
}

/** Takes a socket out of its group; the last one takes its place, so that most senders keep theirs. */
export function leaveGroup(sk: UdpSock): void {
  const { group } = sk;
  if (group === undefined) return;
  const { socks } = group;
  const last = socks.pop();
  if (last !== undefined && last !== sk) socks[socks.indexOf(sk)] = last;
  sk.group = undefined;
}

/** The member for a hash; connected members are passed over, since they hear their peer alone. */
export function selectSock(group: ReuseGroup, hash: number): UdpSock | undefined {
  const { socks } = group;
  const start = Math.floor(((hash >>> 0) * socks.length) / 0x1_0000_0000);
  for (let i = 0; i < socks.length; i++) {
    const sk = socks[(start + i) % socks.length];
    if (sk?.state === 'CLOSE') return sk;
  }
  return undefined;
}
