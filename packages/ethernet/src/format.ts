/**
 * Headers as text, in tcpdump's manner.
 * @module
 */
import { ETH_P_8021AD, protoName } from './ether-types.ts';
import type { Header } from './header.ts';
import { isRaw, type Llc } from './llc.ts';
import { formatMac } from './mac.ts';
import { dei, pcp, type Tag, vid } from './vlan.ts';

/** One line: addresses, tags, then the type or the length and LLC. */
export function format(header: Header): string {
  const { dest, source, tags, proto, llc } = header;
  const parts = [`${formatMac(source)} > ${formatMac(dest)}`, ...tags.map(formatTag)];
  parts.push(llc === null ? `ethertype ${formatProto(proto)}` : `802.3, length ${proto}: ${formatLlc(llc)}`);
  return parts.join(', ');
}

/** An EtherType with the name it has: `IP (0x0800)`. */
export function formatProto(proto: number): string {
  return `${protoName(proto)?.replace('ETH_P_', '') ?? 'Unknown'} (${digits(proto, 4)})`;
}

function formatTag(tag: Tag): string {
  const name = tag.tpid === ETH_P_8021AD ? 'svlan' : 'vlan';
  return `${name} ${vid(tag.tci)}, p ${pcp(tag.tci)}${dei(tag.tci) === 1 ? ', DEI' : ''}`;
}

function formatLlc(llc: Llc): string {
  if (isRaw(llc)) return 'raw';
  const { dsap, ssap, control, snap } = llc;
  if (snap !== null) return `SNAP, oui ${digits(snap.oui, 6)}, pid ${digits(snap.pid, 4)}`;
  return `LLC, dsap ${digits(dsap, 2)}, ssap ${digits(ssap, 2)}, control ${digits(control, 2)}`;
}

function digits(value: number, width: number): string {
  return `0x${value.toString(16).padStart(width, '0')}`;
}
