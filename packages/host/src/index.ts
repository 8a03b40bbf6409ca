/**
 * A whole TCP/IP host: devices, addresses, routes, neighbours, sockets, on virtual or real time. `createHost` makes one; several, with
 * NICs, wires and switches of `@stack/nic-sim` between them, make a network in one process.
 * @packageDocumentation
 */

export { BUSY, type Device, type DeviceFilter, type LinkStats, OK } from '@stack/skbuff/netdev';
export { type Clock, sleep } from './clock/clock.ts';
export { RealClock, type RealClockOptions } from './clock/real-clock.ts';
export { type Timer, type Timers, TimingWheel } from './clock/timing-wheel.ts';
export { DeadlockError, VirtualClock, type VirtualClockOptions } from './clock/virtual-clock.ts';
export { Loopback } from './devices/loopback.ts';
export { type Veth, vethPair } from './devices/veth.ts';
export { createHost, Host } from './host.ts';
export { since } from './mib.ts';
export { NetDevice } from './net-device.ts';
export { isNetlinkError, NetlinkError } from './netlink-error.ts';
export { Gro } from './offload/gro.ts';
export { segmentGso, validateXmit } from './offload/gso.ts';
export { type HostOptions, POOL_LIMIT } from './options.ts';
export type { TraceEvents, TraceListener, TraceName, Tracing } from './trace.ts';
export type { AddrInfo, AddrOptions, AddrVerbs } from './verbs/addr.ts';
export type { LinkInfo, LinkOptions, LinkVerbs } from './verbs/link.ts';
export type { NeighInfo, NeighOptions, NeighVerbs } from './verbs/neigh.ts';
export type { QdiscSpec, QdiscVerbs } from './verbs/qdisc.ts';
export type { RouteAnswer, RouteGetOptions, RouteVerbs } from './verbs/route.ts';
export type { NexthopOptions, RouteOptions } from './verbs/route-text.ts';
export type { RuleOptions, RuleVerbs } from './verbs/rule.ts';
export type { TcpMetricsFilter, TcpMetricsInfo, TcpMetricsVerbs } from './verbs/tcp-metrics.ts';
export type { ConnectionRequest, SynFilter } from './wire-up/syn-filter.ts';
