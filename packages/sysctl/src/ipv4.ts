/**
 * net.ipv4.*, without its directories.
 * @module
 */
import { ICMP, IGMP } from './icmp.ts';
import { IP } from './ip.ts';
import { TCP } from './tcp.ts';
import { UDP } from './udp.ts';

/** `net.ipv4.*`: {@link IP}, {@link ICMP}, {@link IGMP}, {@link UDP} and {@link TCP}. */
export const IPV4: typeof IP & typeof ICMP & typeof IGMP & typeof UDP & typeof TCP = {
  ...IP,
  ...ICMP,
  ...IGMP,
  ...UDP,
  ...TCP,
};
