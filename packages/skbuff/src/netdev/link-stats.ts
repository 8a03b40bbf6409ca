/**
 * What a network device counts.
 * @module
 */
import { COUNTER_ZERO } from '../counter-zero.ts';

/** `ip -s -s link`: Linux's `struct rtnl_link_stats64`. Bytes are without FCS. */
export interface LinkStats {
  /** Packets received and taken off the ring: good ones, and with `rx-all` bad ones, as in Linux. */
  rxPackets: number;
  /** Packets sent; each segment of a super-packet counts. */
  txPackets: number;
  rxBytes: number;
  txBytes: number;
  /** Bad packets received, delivered (`rx-all`) or not: the sum of the detailed errors below, and what no driver can believe. */
  rxErrors: number;
  /** Packets that could not be sent: the detailed errors below, and packets that nobody could make sense of. */
  txErrors: number;
  /** Good packets dropped by the host: no receiver. */
  rxDropped: number;
  /** Packets the host dropped on their way down: no memory for what the device does not do, or the NIC was closed. */
  txDropped: number;
  /** Multicast packets received. */
  multicast: number;
  /** None where the link is full duplex, as all of ours are. */
  collisions: number;
  /** Too long or too short. */
  rxLengthErrors: number;
  /** As every counter without a comment, by its name in Linux; 0 where nothing in a device causes it. */
  rxOverErrors: number;
  /** FCS wrong. */
  rxCrcErrors: number;
  rxFrameErrors: number;
  rxFifoErrors: number;
  /** Frames the host was too slow to give buffers for. */
  rxMissedErrors: number;
  txAbortedErrors: number;
  /** Packets given to the device without carrier, or in it when the carrier went. */
  txCarrierErrors: number;
  /** The device ran out of memory while it read a packet. */
  txFifoErrors: number;
  txHeartbeatErrors: number;
  txWindowErrors: number;
  rxCompressed: number;
  txCompressed: number;
  /** Packets nobody wanted. */
  rxNohandler: number;
  /** Packets for another host's address that a promiscuous NIC took; the host that drops them counts them here. */
  rxOtherhostDropped: number;
}

/** Link statistics at zero. */
export function linkStats(): LinkStats {
  return {
    rxPackets: 0,
    txPackets: 0,
    rxBytes: COUNTER_ZERO,
    txBytes: COUNTER_ZERO,
    rxErrors: 0,
    txErrors: 0,
    rxDropped: 0,
    txDropped: 0,
    multicast: 0,
    collisions: 0,
    rxLengthErrors: 0,
    rxOverErrors: 0,
    rxCrcErrors: 0,
    rxFrameErrors: 0,
    rxFifoErrors: 0,
    rxMissedErrors: 0,
    txAbortedErrors: 0,
    txCarrierErrors: 0,
    txFifoErrors: 0,
    txHeartbeatErrors: 0,
    txWindowErrors: 0,
    rxCompressed: 0,
    txCompressed: 0,
    rxNohandler: 0,
    rxOtherhostDropped: 0,
  };
}
