/**
 * DMA descriptors of the Intel 8254x family: 16 bytes, little-endian, in the layouts of the software developer's manual.
 *
 * ```text
 *              63      48 47   40 39 36 35 32 31   24 23      20 19   16 15      8 7        0
 *  rx-legacy   |                          buffer address                                    |
 *              | special | errors | status  |      checksum     |         length             |
 *  tx-legacy   |                          buffer address                                    |
 *              | special |  css   | rsv | sta |  cmd  |      cso          |      length       |
 *  tx-context  |     tucse     | tucso | tucss  |      ipcse         |  ipcso    |   ipcss   |
 *              |   mss   | hdrlen | rsv | sta | tucmd | dtyp = 0 |         paylen             |
 *  tx-data     |                          buffer address                                    |
 *              | special | popts  | rsv | sta | dcmd  | dtyp = 1 |         dtalen             |
 * ```
 *
 * A transmit descriptor tells which it is: DEXT (bit 5 of the command byte) clear is legacy, set is what DTYP says. A receive
 * descriptor carries no type: the ring it lies in decides.
 * @module
 */
import type { CMD, POPTS, RX_ERROR, RX_STATUS, TUCMD, TX_STATUS } from './bits.ts';

/** Bytes in a descriptor. */
export const HLEN = 16;

/** The four layouts. */
export type Kind = 'tx-legacy' | 'rx-legacy' | 'tx-context' | 'tx-data';

/** Legacy transmit descriptor, manual 3.3.3. */
export interface TxLegacy {
  kind: 'tx-legacy';
  /** Buffer address, low half, u32: here the offset in the window. */
  addressLow: number;
  /** Buffer address, high half, u32: here the window. */
  addressHigh: number;
  /** Bytes in the buffer, u16. */
  length: number;
  /** Checksum offset, u8: where the device writes the checksum. */
  cso: number;
  /** {@link CMD}, u8, without DEXT. */
  cmd: number;
  /** {@link TX_STATUS}, u4. */
  sta: number;
  /** Reserved, u4. */
  rsv: number;
  /** Checksum start, u8. */
  css: number;
  /** VLAN tag: priority, CFI and VLAN id, u16. */
  special: number;
}

/** Legacy receive descriptor, manual 3.2.3. */
export interface RxLegacy {
  kind: 'rx-legacy';
  /** Buffer address, low half, u32. */
  addressLow: number;
  /** Buffer address, high half, u32. */
  addressHigh: number;
  /** Bytes written to this buffer, u16. */
  length: number;
  /** One's-complement sum of the packet from RXCSUM.PCSS on, u16; in a packet's first descriptor. */
  checksum: number;
  /** {@link RX_STATUS}, u8. */
  status: number;
  /** {@link RX_ERROR}, u8. */
  errors: number;
  /** VLAN tag that was stripped, u16. */
  special: number;
}

/** TCP/IP context descriptor, manual 3.3.6: how the data descriptors behind it are to be offloaded. */
export interface TxContext {
  kind: 'tx-context';
  /** IP checksum start, u8. */
  ipcss: number;
  /** IP checksum offset, u8. */
  ipcso: number;
  /** IP checksum end, u16: its last byte. */
  ipcse: number;
  /** TCP or UDP checksum start, u8. */
  tucss: number;
  /** TCP or UDP checksum offset, u8: from the packet's start, not from TUCSS. */
  tucso: number;
  /** TCP or UDP checksum end, u16: its last byte; 0 = to the end of the packet. */
  tucse: number;
  /** Payload bytes of the packet to be segmented, headers not counted, u20. */
  paylen: number;
  /** {@link TUCMD}, u8, with DEXT. */
  tucmd: number;
  /** {@link TX_STATUS}, u4. */
  sta: number;
  /** Reserved, u4. */
  rsv: number;
  /** Bytes of headers to put before every segment, u8. */
  hdrlen: number;
  /** Payload bytes per segment, u16. */
  mss: number;
}

/** TCP/IP data descriptor, manual 3.3.7. */
export interface TxData {
  kind: 'tx-data';
  /** Buffer address, low half, u32. */
  addressLow: number;
  /** Buffer address, high half, u32. */
  addressHigh: number;
  /** Bytes in the buffer, u20. */
  dtalen: number;
  /** {@link CMD}, u8, with DEXT. */
  dcmd: number;
  /** {@link TX_STATUS}, u4. */
  sta: number;
  /** Reserved, u4. */
  rsv: number;
  /** {@link POPTS}, u8. */
  popts: number;
  /** VLAN tag, u16. */
  special: number;
}

/** Any descriptor; `kind` tells which. Every bit of the sixteen bytes is in it. */
export type Descriptor = TxLegacy | RxLegacy | TxContext | TxData;

/** The descriptor of one kind. */
export type DescriptorOf<K extends Kind> = Extract<Descriptor, { kind: K }>;
