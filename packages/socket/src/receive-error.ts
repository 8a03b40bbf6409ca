/**
 * `MSG_ERRQUEUE` for protocols: how an entry of a socket's error queue becomes what `recvmsg` tells.
 * @module
 */
import type { SocketAddress } from './address.ts';
import { IP_RECVERR } from './constants/ip.ts';
import { MSG_ERRQUEUE, MSG_TRUNC, SO_EE_ORIGIN_TIMESTAMPING } from './constants/messages.ts';
import { SOL_IP } from './constants/so.ts';
import type { ControlMessage, ExtendedErrorMessage } from './control.ts';
import type { Errno, ReceiveMessage } from './ports.ts';

/** An entry of an error queue: `ExtendedError` of `@stack/skbuff/sock`. */
export interface QueuedError<A> {
  errno: string;
  origin: number;
  type: number;
  code: number;
  info: number;
  data: number;
  offender: A | undefined;
  address: A | undefined;
  port: number;
  payload: Uint8Array;
  tstamp?: number;
  ifindex?: number;
}

/**
 * Answers `recvmsg(MSG_ERRQUEUE)` of a protocol: takes an entry, puts what came back of the packet into the buffer, and tells the
 * rest as Linux does (an IP_RECVERR control message; the address is where the packet was going). EAGAIN where the queue is empty.
 * @param control what stands in front of it: timestamps, and with SOF_TIMESTAMPING_OPT_CMSG which way the packet left.
 * @param level SOL_IP with `type` IP_RECVERR, or IPv6's.
 */
export function receiveError<A>(
  error: QueuedError<A> | undefined,
  toAddress: (address: A, port: number) => SocketAddress,
  into: Uint8Array,
  offset: number,
  length: number,
  message: ReceiveMessage,
  control: readonly ControlMessage[] = [],
  level: number = SOL_IP,
  type: number = IP_RECVERR,
): number | Errno {
  if (error === undefined) return 'EAGAIN';
  const { payload, address, port, offender } = error;
  const count = Math.min(length, payload.length);
  into.set(count === payload.length ? payload : payload.subarray(0, count), offset);
  const value: ExtendedErrorMessage = {
    errno: error.errno,
    origin: error.origin,
    type: error.type,
    code: error.code,
    info: error.info,
    data: error.data,
    offender: offender === undefined ? undefined : toAddress(offender, 0),
  };
  // Of a timestamp both are about this host's own packet.
  const isStamp = error.origin === SO_EE_ORIGIN_TIMESTAMPING;
  message.address = address === undefined || isStamp ? undefined : toAddress(address, port);
  message.messageFlags = count < payload.length ? MSG_ERRQUEUE | MSG_TRUNC : MSG_ERRQUEUE;
  message.control = [...control, { level, type, value }];
  return count;
}
