/**
 * Address Resolution Protocol: RFC 826 for addresses of any size, and RFC 5227's probes and announcements. Use it as a
 * namespace: `import * as arp from '@stack/arp'`.
 * @packageDocumentation
 */
export {
  ARPHRD_ETHER,
  ARPOP_INREPLY,
  ARPOP_INREQUEST,
  ARPOP_NAK,
  ARPOP_REPLY,
  ARPOP_REQUEST,
  ARPOP_RREPLY,
  ARPOP_RREQUEST,
  ETH_P_ARP,
} from './codes.ts';
export {
  announcement,
  ETHERNET_IPV4_LENGTH,
  ethernetIpv4,
  isEthernetIpv4,
  isGratuitous,
  isProbe,
  probe,
  reply,
  request,
  sha,
  spa,
  tha,
  tpa,
} from './ethernet-ipv4.ts';
export { format } from './format.ts';
export {
  check,
  checkPacket,
  type Drop,
  decode,
  encode,
  type Header,
  HLEN,
  headerLength,
  hlen,
  htype,
  MAX_HLEN,
  op,
  type PushHeader,
  plen,
  ptype,
  pull,
  push,
  read,
  size,
} from './header.ts';
