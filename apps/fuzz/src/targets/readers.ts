/**
 * What engines read where it lies, against the header objects.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { csumPartial } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import { must } from '../target.ts';

/** Readers agree with the header. */
export function ethernetReaders(view: DataView, header: ethernet.Header): void {
  must(ethernet.dest(view, 0) === header.dest && ethernet.source(view, 0) === header.source, 'addresses');
  must(ethernet.proto(view, 0) === header.proto, 'proto');
  must(ethernet.tagCount(view, 0) === header.tags.length, 'tagCount');
}

/** `verify` is the sum of the header; `checkOptions` says something, and only of options. */
export function ipv4Readers(view: DataView, header: ipv4.Header): void {
  const length = header.ihl * 4;
  must(ipv4.verify(view, 0) === (csumPartial(view, 0, length) === 0xffff), 'verify');
  const fault = ipv4.checkOptions(view, 0);
  must(fault === undefined || header.options.length > 0, 'checkOptions finds a fault where no option is');
}

const scan = tcp.optionScan();

/** The option scan finds what the list of options has. */
export function tcpReaders(view: DataView, header: tcp.Header): void {
  tcp.readOptions(view, 0, scan);
  let saw = 0;
  for (const option of header.options) saw |= bitOf(option);
  const known = tcp.SAW_MSS | tcp.SAW_WSCALE | tcp.SAW_SACK_PERM | tcp.SAW_TIMESTAMPS | tcp.SAW_SACK;
  must((scan.saw & (known | tcp.SAW_MALFORMED)) === saw, `saw ${scan.saw}, not ${saw}`);
  for (const option of [...header.options].reverse()) {
    if ((bitOf(option) & saw) === 0) continue;
    saw &= ~bitOf(option); // of an option that comes twice, the last counts
    must(isScanned(option), `option ${option.kind}`);
  }
}

function bitOf(option: tcp.Option): number {
  switch (option.kind) {
    case tcp.TCPOPT_MSS:
      return tcp.SAW_MSS;
    case tcp.TCPOPT_WINDOW:
      return tcp.SAW_WSCALE;
    case tcp.TCPOPT_SACK_PERM:
      return tcp.SAW_SACK_PERM;
    case tcp.TCPOPT_TIMESTAMP:
      return tcp.SAW_TIMESTAMPS;
    case tcp.TCPOPT_SACK:
      return tcp.SAW_SACK;
    case tcp.TCPOPT_MALFORMED:
      return tcp.SAW_MALFORMED;
    default:
      return 0;
  }
}

function isScanned(option: tcp.Option): boolean {
  switch (option.kind) {
    case tcp.TCPOPT_MSS:
      return scan.mss === option.mss;
    case tcp.TCPOPT_WINDOW:
      return scan.wscale === option.wscale;
    case tcp.TCPOPT_TIMESTAMP:
      return scan.tsval === (option.tsval | 0) && scan.tsecr === (option.tsecr | 0);
    case tcp.TCPOPT_SACK:
      return (
        scan.sackCount === option.blocks.length &&
        option.blocks.every(({ startSeq, endSeq }, i) => {
          return scan.sackEdges[2 * i] === (startSeq | 0) && scan.sackEdges[2 * i + 1] === (endSeq | 0);
        })
      );
    default:
      return true;
  }
}
