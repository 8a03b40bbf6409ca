/**
 * Headers as text, in tcpdump's manner.
 * @module
 */
import * as codes from './codes.ts';
import type { Header } from './header.ts';

const OPS: Readonly<Record<number, string>> = /* @__PURE__ */ Object.freeze({
  [codes.ARPOP_RREQUEST]: 'Reverse Request',
  [codes.ARPOP_RREPLY]: 'Reverse Reply',
  [codes.ARPOP_INREQUEST]: 'Inverse Request',
  [codes.ARPOP_INREPLY]: 'Inverse Reply',
  [codes.ARPOP_NAK]: 'NACK',
});

/** One line: `Request who-has 10.0.0.2 tell 10.0.0.1`, `Reply 10.0.0.2 is-at 02:00:00:00:00:02`. */
export function format(header: Header): string {
  const { op, sha, spa, tha, tpa } = header;
  if (op === codes.ARPOP_REQUEST) {
    const known = tha.some((byte) => byte !== 0) ? ` (${hardware(tha)})` : '';
    return `Request who-has ${protocol(header, tpa)}${known} tell ${protocol(header, spa)}`;
  }
  if (op === codes.ARPOP_REPLY) return `Reply ${protocol(header, spa)} is-at ${hardware(sha)}`;
  const name = OPS[op] ?? `op ${op}`;
  return `${name} ${hardware(sha)} ${protocol(header, spa)} > ${hardware(tha)} ${protocol(header, tpa)}`;
}

function hardware(bytes: Uint8Array): string {
  return bytes.length === 0 ? '-' : Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Dotted where it is an IPv4 address, else octets. */
function protocol(header: Header, bytes: Uint8Array): string {
  return header.ptype === 0x0800 && bytes.length === 4 ? bytes.join('.') : hardware(bytes);
}
