/**
 * net.core: sockets' buffers, the receive loop, the default qdisc.
 * @module
 */

/** `net.core.*` */
export const CORE = {
  /** Most a socket may ask for with SO_RCVBUF. */
  rmem_max: { kind: 'int', default: 4_194_304, min: 2304, unit: 'bytes' },
  /** Most a socket may ask for with SO_SNDBUF. */
  wmem_max: { kind: 'int', default: 4_194_304, min: 4608, unit: 'bytes' },
  /** Receive buffer of a fresh socket, where its protocol has no own default. */
  rmem_default: { kind: 'int', default: 212_992, min: 2304, unit: 'bytes' },
  /** Send buffer of a fresh socket, where its protocol has no own default. */
  wmem_default: { kind: 'int', default: 212_992, min: 4608, unit: 'bytes' },
  /** Most that `listen` accepts as its backlog. */
  somaxconn: { kind: 'int', default: 4096, min: 0, unit: 'connections' },
  /** Pieces of memory that one packet is sent from: what Linux is built with as a rule, up to what it can be built with. */
  max_skb_frags: { kind: 'int', default: 17, min: 1, max: 45, unit: 'frags' },
  /** Packets one round of the receive softirq may handle. */
  netdev_budget: { kind: 'int', default: 300, unit: 'packets' },
  /** Time one round of the receive softirq may take; at least two ticks. */
  netdev_budget_usecs: { kind: 'int', default: 2000, min: 2000, unit: 'µs' },
  /** Packets that may wait on the input side before the next is dropped. */
  netdev_max_backlog: { kind: 'int', default: 1000, unit: 'packets' },
  /** Packets one device may give in one poll of the backlog. */
  dev_weight: { kind: 'int', default: 64, min: 1, unit: 'packets' },
  /** Most bytes of ancillary data and options that a socket may hold. */
  optmem_max: { kind: 'int', default: 131_072, min: 0, unit: 'bytes' },
  /** The qdisc of a device that is told none. */
  default_qdisc: { kind: 'name', default: 'pfifo_fast', registry: 'qdisc', unit: '' },
} as const;
