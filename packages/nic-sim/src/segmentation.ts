/**
 * The device's half of TCP segmentation: contexts, and super-packets read from memory by reference.
 * @module
 */
import {
  CHECKSUM_PARTIAL,
  MAX_SKB_FRAGS,
  type Page,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  type SkBuff,
} from '@stack/skbuff';
import { CMD, POPTS, TUCMD } from './bits.ts';
import type { Core } from './core.ts';
import { HLEN } from './descriptor.ts';
import { copyRun } from './dma.ts';
import { ETH_HLEN } from './frame.ts';
import { addressHigh, addressLow, bufferLength, command } from './in-place.ts';
import type { Drop } from './stats.ts';
import type { TxRing } from './tx-ring.ts';

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;

/** What the last context descriptor said: the device's registers for it. */
export interface Context {
  ipcss: number;
  ipcso: number;
  ipcse: number;
  tucss: number;
  tucso: number;
  tucse: number;
  paylen: number;
  hdrlen: number;
  mss: number;
  tucmd: number;
}

/** A context in which nothing was said yet. */
export function context(): Context {
  return {
    ipcss: 0,
    ipcso: 0,
    ipcse: 0,
    tucss: 0,
    tucso: 0,
    tucse: 0,
    paylen: 0,
    hdrlen: 0,
    mss: 0,
    tucmd: 0,
  };
}

/** Takes over what the context descriptor at `at` says. */
export function loadContext(to: Context, view: DataView, at: number): void {
  to.ipcss = view.getUint8(at);
  to.ipcso = view.getUint8(at + 1);
  to.ipcse = view.getUint16(at + 2, true);
  to.tucss = view.getUint8(at + 4);
  to.tucso = view.getUint8(at + 5);
  to.tucse = view.getUint16(at + 6, true);
  to.paylen = bufferLength(view, at);
  to.tucmd = command(view, at);
  to.hdrlen = view.getUint8(at + 13);
  to.mss = view.getUint16(at + 14, true);
}

/**
 * The super-packet that descriptors `first` to `last` describe, as an skb: a copy of its headers, and its payload by reference to
 * the driver's memory. What it needs to know comes from the context alone. A {@link Drop} where that makes no sense.
 */
export function superPacket(
  core: Core,
  ring: TxRing,
  from: Context,
  first: number,
  last: number,
  total: number,
): SkBuff | Drop {
  const { hdrlen, mss, tucmd } = from;
  const isSegmentation = (tucmd & TUCMD.TSE) !== 0 && (tucmd & TUCMD.TCP) !== 0;
  if (!isSegmentation || hdrlen < ETH_HLEN || mss === 0 || total !== hdrlen + from.paylen) {
    return 'NIC_TX_DESCRIPTOR';
  }
  const skb = core.pool.alloc(hdrlen);
  if (skb === undefined) return 'NIC_TX_NOMEM';
  const drop = readInto(core, ring, skb, hdrlen, first, last);
  if (drop !== undefined) {
    skb.free();
    return drop;
  }
  core.ethtool.dmaHeaderBytes += hdrlen;
  const isIpv4 = (tucmd & TUCMD.IP) !== 0;
  skb.protocol = isIpv4 ? ETH_P_IP : ETH_P_IPV6;
  skb.macHeader = skb.data;
  skb.networkHeader = skb.data + from.ipcss;
  skb.transportHeader = skb.data + from.tucss;
  skb.gsoSize = mss;
  skb.gsoSegs = Math.ceil(from.paylen / mss);
  skb.gsoType = isIpv4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
  if ((ring.view.getUint8(first * HLEN + 13) & POPTS.TXSM) !== 0) {
    skb.ipSummed = CHECKSUM_PARTIAL;
    skb.csumStart = skb.data + from.tucss;
    skb.csumOffset = from.tucso - from.tucss;
  }
  return skb;
}

/** The first `hdrlen` bytes by copy, the rest by reference; runs that touch in memory become one frag. */
function readInto(
  core: Core,
  ring: TxRing,
  skb: SkBuff,
  hdrlen: number,
  first: number,
  last: number,
): Drop | undefined {
  let run: Page | undefined;
  let start = 0;
  let end = 0;
  for (let index = first; ; index = index + 1 === ring.count ? 0 : index + 1) {
    const at = index * HLEN;
    const length = bufferLength(ring.view, at);
    const offset = addressLow(ring.view, at);
    if (length > 0) {
      const page = core.memory.pageOf(addressHigh(ring.view, at), offset, length);
      if (page === undefined) return 'NIC_TX_ABORT';
      const header = Math.min(length, hdrlen - skb.headlen);
      if (header > 0) copyRun(page.arena.bytes, offset, skb.bytes, skb.put(header), header);
      if (length > header) {
        if (run === page && end === offset + header) end = offset + length;
        else {
          if (!append(skb, run, start, end)) return 'NIC_TX_DESCRIPTOR';
          run = page;
          start = offset + header;
          end = offset + length;
        }
      }
    }
    if (index === last) return append(skb, run, start, end) ? undefined : 'NIC_TX_DESCRIPTOR';
  }
}

function append(skb: SkBuff, page: Page | undefined, start: number, end: number): boolean {
  if (page === undefined) return true;
  if (skb.nrFrags === MAX_SKB_FRAGS) return false;
  skb.addFrag(page.hold(), start, end - start);
  return true;
}

/** Whether the descriptor at `at` asks for segmentation. */
export function isSegmented(view: DataView, at: number): boolean {
  const cmd = command(view, at);
  return (cmd & CMD.DEXT) !== 0 && (cmd & CMD.TSE) !== 0;
}

/** The segments, or none where the function could not, or threw: a bad packet must not stop the device or the sender. */
export function cut(core: Core, skb: SkBuff): SkBuff[] {
  try {
    return core.segment?.(skb) ?? [];
  } catch (error) {
    core.lastError = error;
    return [];
  }
}
