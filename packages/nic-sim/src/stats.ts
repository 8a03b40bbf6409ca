/**
 * What a NIC counts besides what every device does, by the names of the tools that show it.
 * @module
 */

/** `ethtool -S`: names of Linux's e1000 driver, and the simulator's own counters in camelCase. */
export interface EthtoolStats {
  rx_broadcast: number;
  tx_broadcast: number;
  rx_multicast: number;
  tx_multicast: number;
  /** Frames that found no descriptor when they arrived, kept in the FIFO or not. */
  rx_no_buffer_count: number;
  rx_long_length_errors: number;
  rx_short_length_errors: number;
  /** Packets delivered with CHECKSUM_COMPLETE. */
  rx_csum_offload_good: number;
  /** Packets delivered without, because the frame was bad. */
  rx_csum_offload_errors: number;
  /** Buffers the driver could not get from the pool. */
  alloc_rx_buff_failed: number;
  /** Super-packets the device cut. */
  tx_tcp_seg_good: number;
  /** Super-packets the device could not cut. */
  tx_tcp_seg_failed: number;
  /** Times the sender was woken after BUSY. */
  tx_restart_queue: number;
  /** Packets made linear because they had more pieces than the ring has descriptors. */
  txLinearized: number;
  /** Packets the driver segmented, checksummed or tagged in software. */
  swSegmented: number;
  swChecksummed: number;
  swTagged: number;
  /** Interrupts raised. */
  interrupts: number;
  /** Frames gathered from host memory onto the wire, and their bytes. */
  dmaGathers: number;
  dmaGatherBytes: number;
  /** Frames scattered from the wire into posted buffers, and their bytes. */
  dmaScatters: number;
  dmaScatterBytes: number;
  /** Bytes of headers read once per super-packet, to put before every segment. */
  dmaHeaderBytes: number;
  /** Descriptors the device could make nothing of. */
  badDescriptors: number;
  /** Head or tail values outside the ring. */
  badRegisterWrites: number;
  /** Accesses to addresses that are not mapped. */
  masterAborts: number;
}

/** Why a NIC drops a packet. Stable: counters and traces key on it. */
export type Drop =
  | 'NIC_CLOSED'
  | 'NIC_NO_CARRIER'
  | 'NIC_TX_SHORT'
  | 'NIC_TX_LONG'
  | 'NIC_TX_CSUM_RANGE'
  | 'NIC_TX_SEGMENT'
  | 'NIC_TX_NOMEM'
  | 'NIC_TX_DESCRIPTOR'
  | 'NIC_TX_ABORT'
  | 'NIC_RX_CLOSED'
  | 'NIC_RX_CRC'
  | 'NIC_RX_SHORT'
  | 'NIC_RX_LONG'
  | 'NIC_RX_FILTER'
  | 'NIC_RX_MISSED'
  | 'NIC_RX_ABORT'
  | 'NIC_RX_DESCRIPTOR'
  | 'NIC_RX_NO_HANDLER';

/** Device statistics at zero. */
export function ethtoolStats(): EthtoolStats {
  return {
    rx_broadcast: 0,
    tx_broadcast: 0,
    rx_multicast: 0,
    tx_multicast: 0,
    rx_no_buffer_count: 0,
    rx_long_length_errors: 0,
    rx_short_length_errors: 0,
    rx_csum_offload_good: 0,
    rx_csum_offload_errors: 0,
    alloc_rx_buff_failed: 0,
    tx_tcp_seg_good: 0,
    tx_tcp_seg_failed: 0,
    tx_restart_queue: 0,
    txLinearized: 0,
    swSegmented: 0,
    swChecksummed: 0,
    swTagged: 0,
    interrupts: 0,
    dmaGathers: 0,
    dmaGatherBytes: 0,
    dmaScatters: 0,
    dmaScatterBytes: 0,
    dmaHeaderBytes: 0,
    badDescriptors: 0,
    badRegisterWrites: 0,
    masterAborts: 0,
  };
}

/** Drop counters at zero. */
export function dropCounts(): Record<Drop, number> {
  return {
    NIC_CLOSED: 0,
    NIC_NO_CARRIER: 0,
    NIC_TX_SHORT: 0,
    NIC_TX_LONG: 0,
    NIC_TX_CSUM_RANGE: 0,
    NIC_TX_SEGMENT: 0,
    NIC_TX_NOMEM: 0,
    NIC_TX_DESCRIPTOR: 0,
    NIC_TX_ABORT: 0,
    NIC_RX_CLOSED: 0,
    NIC_RX_CRC: 0,
    NIC_RX_SHORT: 0,
    NIC_RX_LONG: 0,
    NIC_RX_FILTER: 0,
    NIC_RX_MISSED: 0,
    NIC_RX_ABORT: 0,
    NIC_RX_DESCRIPTOR: 0,
    NIC_RX_NO_HANDLER: 0,
  };
}
