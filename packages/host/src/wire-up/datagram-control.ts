/**
 * Control messages of datagram sockets: what a send says besides its bytes, and what a receive is told.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import type { InetSock } from '@stack/ipv4/engine';
import type { ExtendedError, Sock } from '@stack/skbuff/sock';
import {
  type ControlMessage,
  IP_ORIGDSTADDR,
  IP_PKTINFO,
  IP_TOS,
  IP_TTL,
  type PacketInfo,
  SCM_TS_OPT_ID,
  SO_MARK,
  SO_TIMESTAMPING,
  SOF_TIMESTAMPING_OPT_ID,
  SOL_IP,
  SOL_SOCKET,
  SOL_UDP,
  sentTimestamping,
  UDP_GRO,
  UDP_SEGMENT,
} from '@stack/socket';
import { toText } from './inet-address.ts';
import { addReceiveTimes } from './timestamps.ts';

/** What goes with the bytes of one call of a datagram engine. What a protocol does not know is left out of its messages. */
export interface DatagramMessage {
  address: unknown;
  port?: number;
  flags: number;
  source: unknown;
  ifindex: number;
  ttl: number;
  tos: number;
  mark: number;
  tstamp: number;
  tsflags: number;
  tskey: number;
  gsoSize?: number;
  destination?: unknown;
  destinationPort?: number;
  error: ExtendedError | undefined;
}

/** Takes over what a send's control messages say; EINVAL for one that says nothing here. */
export function readControl(
  sk: Sock,
  message: DatagramMessage,
  control: readonly ControlMessage[],
): string | undefined {
  message.source = undefined;
  message.ifindex = 0;
  message.ttl = -1;
  message.tos = -1;
  message.mark = -1;
  message.tsflags = -1;
  message.tskey = -1;
  if (message.gsoSize !== undefined) message.gsoSize = 0;
  for (const { level, type, value } of control) {
    if (level === SOL_IP && type === IP_PKTINFO) {
      const { ifindex, specDst } = value as PacketInfo;
      message.ifindex = ifindex;
      if (specDst !== '' && specDst !== '0.0.0.0') message.source = parseAddress(specDst);
    } else if (level === SOL_IP && type === IP_TTL) {
      if (!isOctet(value, 1)) return 'EINVAL';
      message.ttl = value;
    } else if (level === SOL_IP && type === IP_TOS) {
      if (!isOctet(value, 0)) return 'EINVAL';
      message.tos = value;
    } else if (level === SOL_UDP && type === UDP_SEGMENT && message.gsoSize !== undefined) {
      message.gsoSize = value as number;
    } else if (level === SOL_SOCKET && type === SO_MARK) {
      message.mark = (value as number) >>> 0;
    } else if (level === SOL_SOCKET && type === SO_TIMESTAMPING) {
      const flags = sentTimestamping(sk, value);
      if (typeof flags === 'string') return flags;
      message.tsflags = flags;
    } else if (level === SOL_SOCKET && type === SCM_TS_OPT_ID) {
      if (sk.timestamping === undefined || (sk.timestamping.flags & SOF_TIMESTAMPING_OPT_ID) === 0)
        return 'EINVAL';
      message.tskey = (value as number) >>> 0;
    } else return 'EINVAL';
  }
  return undefined;
}

/** The control messages that a socket asked for, of the datagram just read. */
export function controlOf(sk: Sock, inet: InetSock, message: DatagramMessage): ControlMessage[] {
  const control: ControlMessage[] = [];
  const { tstamp, destination, ttl, tos, gsoSize = 0 } = message;
  addReceiveTimes(control, sk, tstamp);
  if (inet.pktinfo) {
    const value: PacketInfo = {
      ifindex: message.ifindex,
      specDst: textOf(message.source),
      addr: textOf(destination ?? message.source),
    };
    control.push({ level: SOL_IP, type: IP_PKTINFO, value });
  }
  if (inet.recvttl) control.push({ level: SOL_IP, type: IP_TTL, value: ttl });
  if (inet.recvtos) control.push({ level: SOL_IP, type: IP_TOS, value: tos });
  if (inet.recvorigdstaddr) {
    const value = toText((destination ?? 0) as number, message.destinationPort ?? 0);
    control.push({ level: SOL_IP, type: IP_ORIGDSTADDR, value });
  }
  if (gsoSize > 0) control.push({ level: SOL_UDP, type: UDP_GRO, value: gsoSize });
  return control;
}

function isOctet(value: ControlMessage['value'], least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= 255;
}

function textOf(address: unknown): string {
  return formatAddress((address ?? 0) as number);
}
