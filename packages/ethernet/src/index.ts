/**
 * Ethernet frames: Ethernet II, IEEE 802.3 with LLC and SNAP, VLAN tags of 802.1Q and 802.1ad, padding and the FCS. Use it as
 * a namespace: `import * as ethernet from '@stack/ethernet'`.
 * @packageDocumentation
 */
export {
  ETH_P,
  ETH_P_802_2,
  ETH_P_802_3,
  ETH_P_802_3_MIN,
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  type EtherTypeName,
  protoName,
} from './ether-types.ts';
export { appendFcs, ETH_FCS_LEN, fcs, stripFcs, verifyFcs } from './fcs.ts';
export { format, formatProto } from './format.ts';
export {
  check,
  checkPacket,
  type Drop,
  decode,
  dest,
  encode,
  type Header,
  headerLength,
  type PushHeader,
  proto,
  protocol,
  pull,
  push,
  read,
  size,
  source,
  tagCount,
  vlanTci,
} from './header.ts';
export { ETH_DATA_LEN, HLEN, MAX_HLEN } from './layout.ts';
export { CONTROL_UI, isRaw, type Llc, llcSize, SAP_RAW, SAP_SNAP, type Snap } from './llc.ts';
export {
  BROADCAST,
  formatMac,
  isBroadcast,
  isLocallyAdministered,
  isMac,
  isMulticast,
  type MacStyle,
  parseMac,
} from './mac.ts';
export { ETH_ZLEN, pad } from './pad.ts';
export { setDest, setSource } from './set.ts';
export { dei, isTpid, MAX_TAGS, pcp, type Tag, tci, VLAN_HLEN, vid } from './vlan.ts';
export { writeHeader } from './write.ts';
