/**
 * `struct net_device` as a driver has it: the one shape of a network device, what it counts, and the half that all devices without
 * hardware share.
 * @packageDocumentation
 */
export { Backlog } from './netdev/backlog.ts';
export { deliver, type Receiver } from './netdev/deliver.ts';
export { BUSY, type Device, type DeviceFilter, GSO_MAX_SIZE, OK } from './netdev/device.ts';
export {
  type DeviceDrop,
  ETH_HLEN,
  freeDropped,
  isTooLong,
  packetType,
  unshared,
} from './netdev/link.ts';
export { type LinkStats, linkStats } from './netdev/link-stats.ts';
