/**
 * A simulated network card, wire and switch: Intel 8254x descriptors and rings in one physical memory, offloads, interrupts,
 * and a wire with a rate, a delay and faults from a seed, all on a virtual clock.
 * @packageDocumentation
 */
export {
  bitNames,
  CMD,
  DTYP_CONTEXT,
  DTYP_DATA,
  ICR,
  POPTS,
  RX_ERROR,
  RX_STATUS,
  TUCMD,
  TX_STATUS,
} from './bits.ts';
export { type Clock, MAX_EVENTS, VirtualClock } from './clock.ts';
export { check, type DescriptorDrop, decode, encode, kindOf, read } from './codec.ts';
export { BUSY, type Features, MAX_MTU, MIN_MTU, OK, type Segmenter } from './core.ts';
export {
  type Descriptor,
  type DescriptorOf,
  HLEN,
  type Kind,
  type RxLegacy,
  type TxContext,
  type TxData,
  type TxLegacy,
} from './descriptor.ts';
export { Filter } from './filter.ts';
export { format } from './format.ts';
export { ETH_HLEN, ETH_ZLEN, FCS_LEN, Frame } from './frame.ts';
export type { Impairments } from './impair.ts';
export { Interrupts } from './interrupt.ts';
export type { Endpoint, Link } from './link.ts';
export { Memory, type Region } from './memory.ts';
export { Nic } from './nic.ts';
export type { NicOptions } from './nic-options.ts';
export { pull, push } from './ring.ts';
export { rng } from './rng.ts';
export { RxRing } from './rx-ring.ts';
export type { Drop, EthtoolStats } from './stats.ts';
export {
  type PortStats,
  Switch,
  type SwitchDrop,
  type SwitchOptions,
  SwitchPort,
} from './switch.ts';
export type { Trace, TraceEvent, TraceStep } from './trace.ts';
export { MAX_DATA, TxRing } from './tx-ring.ts';
export {
  type Captured,
  type Direction,
  type Heading,
  type TapOptions,
  Wire,
  type WireDrop,
  type WireOptions,
  type WireStats,
} from './wire.ts';
