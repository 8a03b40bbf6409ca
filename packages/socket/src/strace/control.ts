/**
 * How strace writes control messages.
 * @module
 */
import type { SocketAddress } from '../address.ts';
import * as ip from '../constants/ip.ts';
import * as so from '../constants/so.ts';
import type { ControlMessage, ExtendedErrorMessage, PacketInfo, Timespec, Timeval } from '../control.ts';
import { errnoNumber } from '../errno.ts';
import { device, sockaddr } from './address.ts';
import { SOL, straceName } from './names.ts';
import { hex, named } from './text.ts';

/** `struct cmsghdr`, 64 bits. */
const HEADER = 16;

interface Data {
  /** `undefined`: strace does not know it, and prints none. */
  text: string | undefined;
  length: number;
}

/** Control messages as fields of `struct msghdr`. `isSent` tells the two sizes of IP_TOS apart. */
export function controlFields(
  list: readonly ControlMessage[],
  isSent: boolean,
  ifname: (ifindex: number) => string,
): string {
  if (list.length === 0) return 'msg_controllen=0';
  let total = 0;
  const texts = list.map(({ level, type, value }) => {
    const { text, length } = data(level, type, value, isSent, ifname);
    total += HEADER + Math.ceil(length / 8) * 8;
    const isUnknown = level === so.SOL_UDP || level === so.SOL_TCP;
    const kind = isUnknown ? hex(type) : (straceName(level, type) ?? hex(type));
    // IP_TTL and the like are named alike as options and as messages.
    const head = `cmsg_len=${HEADER + length}, cmsg_level=${named(level, SOL, 'SOL_??')}, cmsg_type=${kind}`;
    return text === undefined ? `{${head}}` : `{${head}, cmsg_data=${text}}`;
  });
  return `msg_control=[${texts.join(', ')}], msg_controllen=${total}`;
}

function data(
  level: number,
  type: number,
  value: ControlMessage['value'],
  isSent: boolean,
  ifname: (ifindex: number) => string,
): Data {
  if (level === so.SOL_SOCKET && type === so.SO_TIMESTAMP) {
    const { sec, usec } = value as Timeval;
    return { text: `{tv_sec=${sec}, tv_usec=${usec}}`, length: 16 };
  }
  if (level === so.SOL_SOCKET && type === so.SO_TIMESTAMPNS) {
    const { sec, nsec } = value as Timespec;
    return { text: `{tv_sec=${sec}, tv_nsec=${nsec}}`, length: 16 };
  }
  if (level === so.SOL_SOCKET && type === so.SCM_TIMESTAMPING && !isSent) {
    const times = (value as Timespec[]).map(({ sec, nsec }) => `{tv_sec=${sec}, tv_nsec=${nsec}}`);
    return { text: `[${times.join(', ')}]`, length: 48 };
  }
  if (level === so.SOL_IP) return ipData(type, value, isSent, ifname);
  if (level === so.SOL_UDP) return { text: undefined, length: isSent ? 2 : 4 };
  return { text: undefined, length: value instanceof Uint8Array ? value.length : 4 };
}

function ipData(
  type: number,
  value: ControlMessage['value'],
  isSent: boolean,
  ifname: (ifindex: number) => string,
): Data {
  switch (type) {
    case ip.IP_TTL:
      return { text: `[${value as number}]`, length: 4 };
    case ip.IP_TOS: {
      const first = value === 0 ? '0' : hex(value as number);
      return isSent ? { text: `[${first}, 0, 0, 0]`, length: 4 } : { text: `[${first}]`, length: 1 };
    }
    case ip.IP_PKTINFO: {
      const { ifindex, specDst, addr } = value as PacketInfo;
      const fields = `ipi_ifindex=${device(ifindex, ifname(ifindex))}, ipi_spec_dst=inet_addr("${specDst}"), ipi_addr=inet_addr("${addr}")`;
      return { text: `{${fields}}`, length: 12 };
    }
    case ip.IP_ORIGDSTADDR:
      return { text: sockaddr(value as SocketAddress), length: 16 };
    case ip.IP_RECVERR:
      return { text: extendedError(value as ExtendedErrorMessage), length: 32 };
    default:
      return { text: undefined, length: value instanceof Uint8Array ? value.length : 4 };
  }
}

function extendedError(error: ExtendedErrorMessage): string {
  const { errno, origin, type, code, info, offender } = error;
  return (
    `{ee_errno=${errnoNumber(errno)}, ee_origin=${origin}, ee_type=${type}, ee_code=${code}, ee_info=${info}, ` +
    `ee_data=${error.data}, offender=${sockaddr(offender ?? { family: 'unspec' })}}`
  );
}
