/**
 * One line of text a header, in tcpdump's manner.
 * @module
 */
import { HLEN } from './fields.ts';
import type { Header } from './header.ts';

/** A header as tcpdump prints it: `53 > 1234: UDP, length 37`; the length is that of the payload. */
export function format(header: Header): string {
  return `${header.source} > ${header.dest}: UDP, ${lengthOf(header.len)}`;
}

/** What no datagram has is shown as it stands there. */
function lengthOf(len: number): string {
  return len < HLEN ? `bad length ${len}` : `length ${len - HLEN}`;
}
