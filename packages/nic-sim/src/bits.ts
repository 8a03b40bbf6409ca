/**
 * Bits of descriptors and interrupt registers, by the names of Intel's 8254x software developer's manual.
 * @module
 */

/** Command bits of transmit descriptors: CMD of the legacy one (manual 3.3.3.1), DCMD of the data one (3.3.7.1). */
export const CMD = {
  /** End of packet. */
  EOP: 0x01,
  /** Insert FCS: the device appends the CRC. Without it the packet's last four bytes are taken for the FCS. */
  IFCS: 0x02,
  /** Legacy: insert the checksum given by CSS and CSO. */
  IC: 0x04,
  /** Data: this packet is to be segmented as the last context says. */
  TSE: 0x04,
  /** Report status: write DD back when done. */
  RS: 0x08,
  /** Report packet sent (82544 alone). */
  RPS: 0x10,
  /** Descriptor extension: set in context and data descriptors, clear in legacy ones. */
  DEXT: 0x20,
  /** VLAN packet: insert a tag with the descriptor's SPECIAL field. */
  VLE: 0x40,
  /** Interrupt delay enable. */
  IDE: 0x80,
} as const;

/** Command bits of a context descriptor (manual 3.3.6.1). RS, DEXT and IDE are those of {@link CMD}. */
export const TUCMD = {
  /** The packet is TCP, else UDP. */
  TCP: 0x01,
  /** The packet is IPv4, else IPv6. */
  IP: 0x02,
  /** The context is for segmentation. */
  TSE: 0x04,
} as const;

/** Status bits of transmit descriptors (manual 3.3.3.2). */
export const TX_STATUS = {
  /** Descriptor done. */
  DD: 0x1,
  /** Excess collisions. */
  EC: 0x2,
  /** Late collision. */
  LC: 0x4,
  /** Transmit underrun (82544 alone). */
  TU: 0x8,
} as const;

/** Packet options of a data descriptor (manual 3.3.7.3). */
export const POPTS = {
  /** Insert the IP checksum of the last context. */
  IXSM: 0x01,
  /** Insert the TCP or UDP checksum of the last context. */
  TXSM: 0x02,
} as const;

/** DTYP of an extended descriptor. */
export const DTYP_CONTEXT = 0;
/** DTYP of an extended descriptor. */
export const DTYP_DATA = 1;

/** Status bits of a receive descriptor (manual 3.2.3.1). */
export const RX_STATUS = {
  /** Descriptor done. */
  DD: 0x01,
  /** End of packet. */
  EOP: 0x02,
  /** Ignore the checksum indications. */
  IXSM: 0x04,
  /** The packet had a VLAN tag; it is in SPECIAL and no longer in the packet. */
  VP: 0x08,
  /** TCP or UDP checksum calculated. */
  TCPCS: 0x20,
  /** IP checksum calculated. */
  IPCS: 0x40,
  /** Passed an inexact filter: check the address. */
  PIF: 0x80,
} as const;

/** Error bits of a receive descriptor (manual 3.2.3.2); valid in the one with EOP. */
export const RX_ERROR = {
  /** CRC error, or bad alignment. */
  CE: 0x01,
  /** Symbol error. */
  SE: 0x02,
  /** Sequence error. */
  SEQ: 0x04,
  /** Carrier extension error. */
  CXE: 0x10,
  /** TCP or UDP checksum error. */
  TCPE: 0x20,
  /** IP checksum error. */
  IPE: 0x40,
  /** Data error. Here also: a buffer the device could not write to. */
  RXE: 0x80,
} as const;

/** Interrupt causes: bits of ICR, IMS and IMC (manual 13.4.17). */
export const ICR = {
  /** Transmit descriptor written back. */
  TXDW: 0x0001,
  /** Transmit queue empty. */
  TXQE: 0x0002,
  /** Link status change. */
  LSC: 0x0004,
  /** Receive descriptors ran below the minimum threshold. */
  RXDMT0: 0x0010,
  /** Receiver overrun: a frame was lost for want of a buffer. */
  RXO: 0x0040,
  /** A packet was received. */
  RXT0: 0x0080,
} as const;

/** Names of the bits set in `value`, lowest first. For people. */
export function bitNames(value: number, bits: Readonly<Record<string, number>>): string[] {
  return Object.keys(bits).filter((name) => (value & (bits[name] as number)) !== 0);
}
