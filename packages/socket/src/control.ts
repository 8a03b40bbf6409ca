/**
 * Ancillary data of `sendmsg` and `recvmsg`: `struct cmsghdr` and what Linux puts behind it.
 * @module
 */
import type { SocketAddress } from './address.ts';

/** `struct timeval`. */
export interface Timeval {
  sec: number;
  /** 0..999,999. */
  usec: number;
}

/** `struct timespec`. */
export interface Timespec {
  sec: number;
  /** 0..999,999,999. */
  nsec: number;
}

/** `struct in_pktinfo`: which device and address of this host a datagram is about. */
export interface PacketInfo {
  /** Index of the device; 0 = any. */
  ifindex: number;
  /** Sent: the address to send from. Received: the address to answer from. */
  specDst: string;
  /** Received: where the datagram was going. */
  addr: string;
}

/** `struct sock_extended_err`, and the address behind it. */
export interface ExtendedErrorMessage {
  /** Such as `ECONNREFUSED`; `''` = none, for a completion; `ENOMSG` for a timestamp. */
  errno: string;
  /** `SO_EE_ORIGIN_*`. */
  origin: number;
  /** ICMP type. */
  type: number;
  /** ICMP code; for zero copy 1 = the bytes were copied after all. */
  code: number;
  /** Path MTU; for zero copy the first send this is about; `SCM_TSTAMP_*`. */
  info: number;
  /** For zero copy the last send this is about; with OPT_ID the number of what was stamped. */
  data: number;
  /** Who sent the ICMP message (`SO_EE_OFFENDER`). */
  offender: SocketAddress | undefined;
}

/**
 * One control message. What stands in `value`: SO_TIMESTAMP {@link Timeval}, SO_TIMESTAMPNS {@link Timespec}, received
 * SCM_TIMESTAMPING three {@link Timespec}, IP_PKTINFO
 * {@link PacketInfo}, IP_RECVERR {@link ExtendedErrorMessage}, IP_ORIGDSTADDR a `SocketAddress`; IP_TTL, IP_TOS, UDP_SEGMENT, UDP_GRO,
 * SO_RXQ_OVFL, SO_MARK, TCP_CM_INQ, sent SO_TIMESTAMPING and SCM_TS_OPT_ID a number; others bytes.
 */
export interface ControlMessage {
  level: number;
  type: number;
  value: number | Uint8Array | object;
}

/** Bytes in front of the value of each control message (`CMSG_LEN(0)`). */
const HEADER = 16;
/** Bytes of `struct in_pktinfo`, and of a number. */
const PKTINFO = 12;
const NUMBER = 4;

/** Bytes that control messages take in `msg_control` (`CMSG_SPACE`). */
export function controlSize(control: readonly ControlMessage[]): number {
  let size = 0;
  for (const { value } of control) {
    const length = value instanceof Uint8Array ? value.length : typeof value === 'number' ? NUMBER : PKTINFO;
    size += HEADER + ((length + 7) & ~7);
  }
  return size;
}
