/**
 * IPv4 asks routing: the FIB of this host, and the routes that come and go with its addresses.
 * @module
 */
import { formatAddress, mask } from '@stack/ipv4';
import type { FibPort, KernelRoute } from '@stack/ipv4/engine';
import { type AddressOps, Fib, type Flow, type RouteSpec } from '@stack/routing';
import type { NetDevice } from '../net-device.ts';

/** What the FIB must know of IPv4 addresses. */
const IPV4: AddressOps<number> = {
  width: 32,
  bits: (address, from, count) => (count === 0 ? 0 : (address << from) >>> (32 - count)),
  equal: (a, b) => a === b,
  mask: (address, length) => (address & mask(length)) >>> 0,
  format: formatAddress,
};

/** A FIB over the devices that `device` finds by their index. */
export function createFib(
  device: (ifindex: number) => NetDevice | undefined,
  ignoreLinkdown: (dev: NetDevice) => boolean,
): Fib<number> {
  return new Fib(IPV4, {
    device: (ifindex) => {
      const dev = device(ifindex);
      if (dev === undefined) return undefined;
      return !dev.up ? 'down' : dev.running ? 'up' : 'linkdown';
    },
    ignoreLinkdown: (ifindex) => {
      const dev = device(ifindex);
      return dev !== undefined && ignoreLinkdown(dev);
    },
  });
}

/** The FIB as IPv4 sees it. */
export function fibPort(fib: Fib<number>): FibPort {
  return {
    get genid() {
      return fib.genid;
    },
    lookup: (flow) => fib.lookup(flow as Flow<number>),
    add: (route) => {
      fib.append(spec(route)); // another device may have the same subnet
    },
    delete: (route) => {
      fib.delete(spec(route));
    },
    linkDown: (ifindex) => {
      fib.linkDown(ifindex);
    },
    linkUp: (ifindex) => {
      fib.linkUp(ifindex);
    },
    addressGone: (address) => {
      fib.addressGone(address);
    },
    deviceGone: (ifindex) => {
      fib.linkGone(ifindex);
    },
  };
}

function spec({ ifindex, ...route }: KernelRoute): RouteSpec<number> {
  return { ...route, nexthops: [{ ifindex }] };
}
