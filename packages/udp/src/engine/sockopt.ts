/**
 * Options of a socket that UDP itself acts on.
 * @module
 */
import { setGro } from './gro.ts';
import type { Errno } from './ports.ts';
import { flush } from './sendmsg.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** See {@link Udp.setsockopt}. */
export function setsockopt(
  now: number,
  udp: Udp,
  sk: UdpSock,
  name: string,
  value: number,
): Errno | undefined {
  if (!Number.isInteger(value)) return 'EINVAL';
  switch (name) {
    case 'UDP_CORK':
      sk.corkFlag = value !== 0;
      if (!sk.corkFlag) flush(now, udp, sk); // Linux: what that says is lost
      return undefined;
    case 'UDP_SEGMENT':
      if (value < 0 || value > 0xffff) return 'EINVAL';
      sk.gsoSize = value;
      return undefined;
    case 'UDP_GRO':
      setGro(udp, sk, value !== 0);
      return undefined;
    case 'SO_NO_CHECK':
    case 'UDP_NO_CHECK6_TX':
      sk.noCheckTx = value !== 0;
      return undefined;
    case 'UDP_NO_CHECK6_RX':
      sk.noCheck6Rx = value !== 0;
      return undefined;
    case 'SO_PEEK_OFF':
      sk.peekOff = value;
      return undefined;
    default:
      return 'ENOPROTOOPT';
  }
}

/** See {@link Udp.getsockopt}. */
export function getsockopt(sk: UdpSock, name: string): number | Errno {
  switch (name) {
    case 'UDP_CORK':
      return sk.corkFlag ? 1 : 0;
    case 'UDP_SEGMENT':
      return sk.gsoSize;
    case 'UDP_GRO':
      return sk.gro ? 1 : 0;
    case 'SO_NO_CHECK':
    case 'UDP_NO_CHECK6_TX':
      return sk.noCheckTx ? 1 : 0;
    case 'UDP_NO_CHECK6_RX':
      return sk.noCheck6Rx ? 1 : 0;
    case 'SO_PEEK_OFF':
      return sk.peekOff;
    default:
      return 'ENOPROTOOPT';
  }
}
