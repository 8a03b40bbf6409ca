/**
 * The kernel as the socket layer sees it: which protocol a new socket gets, and where its calls enter.
 * @module
 */
import {
  AF_INET,
  AF_PACKET,
  type Capability,
  type CoreSysctl,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  type Proto,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type Kernel as SocketKernel,
  type SyscallTracer,
  type Timer,
} from '@stack/socket';
import type { Timers } from './clock/timing-wheel.ts';
import type { Devices } from './devices.ts';
import type { Kernel } from './kernel.ts';

/** One more than the largest protocol that Linux numbers (MPTCP, 262). */
const IPPROTO_MAX = 263;

/** Makes the protocol of a new socket; an errno where it has none. */
export interface ProtoFactories {
  tcp(): Proto;
  udp(): Proto;
  ping(): Proto;
  raw(protocol: number): Proto | string;
  packet(type: number, protocol: number): Proto | string;
}

/** What sockets of this host are made with. */
export class HostKernel implements SocketKernel {
  tracer: SyscallTracer | undefined = undefined;
  readonly sysctl: CoreSysctl;
  readonly #kernel: Kernel;
  readonly #timers: Timers;
  readonly #devices: Devices;
  readonly #factories: ProtoFactories;
  readonly #privileged: boolean;

  constructor(
    kernel: Kernel,
    timers: Timers,
    devices: Devices,
    sysctl: CoreSysctl,
    factories: ProtoFactories,
    privileged: boolean,
  ) {
    this.#kernel = kernel;
    this.#timers = timers;
    this.#devices = devices;
    this.sysctl = sysctl;
    this.#factories = factories;
    this.#privileged = privileged;
  }

  now(): number {
    return this.#kernel.now();
  }

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    return this.#timers.timer(fire, argument);
  }

  enter(): void {
    this.#kernel.enter();
  }

  exit(): void {
    this.#kernel.exit();
  }

  woke(): void {
    this.#kernel.clock.woke();
  }

  waiting(change: 1 | -1): void {
    this.#kernel.clock.waiting(change);
  }

  create(family: number, type: number, protocol: number): Proto | string {
    if (family === AF_PACKET) return this.#packet(type, protocol);
    if (family !== AF_INET) return 'EAFNOSUPPORT';
    if (protocol < 0 || protocol >= IPPROTO_MAX) return 'EINVAL';
    switch (type) {
      case SOCK_STREAM:
        return protocol === 0 || protocol === IPPROTO_TCP ? this.#factories.tcp() : 'EPROTONOSUPPORT';
      case SOCK_DGRAM:
        if (protocol === IPPROTO_ICMP) return this.#factories.ping();
        return protocol === 0 || protocol === IPPROTO_UDP ? this.#factories.udp() : 'EPROTONOSUPPORT';
      case SOCK_RAW:
        if (!this.#privileged) return 'EPERM';
        return this.#factories.raw(protocol);
      default:
        return 'ESOCKTNOSUPPORT';
    }
  }

  capable(_capability: Capability): boolean {
    return this.#privileged;
  }

  ifindex(name: string): number {
    return this.#devices.find(name)?.ifindex ?? 0;
  }

  ifname(ifindex: number): string {
    return this.#devices.at(ifindex)?.name ?? '';
  }

  #packet(type: number, protocol: number): Proto | string {
    if (!this.#privileged) return 'EPERM';
    return type === SOCK_RAW || type === SOCK_DGRAM
      ? this.#factories.packet(type, protocol)
      : 'ESOCKTNOSUPPORT';
  }
}
