/**
 * Tells what crosses the TAP: the first data each way as bytes, and every frame as tcpdump would.
 * @module
 */
import { CHECKSUM_PARTIAL, encode, isWireError, type SkBuff } from '@stack/skbuff';
import { rows } from '../fields.ts';
import { segmentInFrame } from '../inspect.ts';
import type { Ears, FirstData, Scene } from '../scene.ts';
import type { Place } from './place.ts';

/** Frames up to so many bytes are shown whole. */
const SHOWN = 256;

/** A frame as it crossed. */
export interface Crossing {
  isOurs: boolean;
  /** µs. */
  time: number;
  bytes: Uint8Array;
}

/** Calls `listener` with every frame, as it is where tcpdump would see it: super-packets whole, checksums where they are left partial. */
export function watchTap({ host, tap }: Place, ears: Ears, listener: (crossing: Crossing) => void): void {
  ears.on(host, 'kprobe', ({ function: entered, skb }, time) => {
    if (entered !== 'dev_hard_start_xmit' || !isOn(skb, tap)) return;
    listener({ isOurs: true, time, bytes: encode(skb) });
  });
  ears.on(host, 'net:netif_receive_skb', ({ dev, skb }, time) => {
    if (dev === tap.name) listener({ isOurs: false, time, bytes: encode(skb) });
  });
}

/** A line for each of the first `frames`, and for those that open or close a connection. */
export function tellCrossings(scene: Scene, place: Place, ears: Ears, frames: number): void {
  const { name } = place.station;
  let left = frames;
  watchTap(place, ears, ({ isOurs, time, bytes }) => {
    const text = lineOf(scene, bytes);
    if (left-- <= 0 && !/ Flags \[[^\]]*[SFR]|^ARP|^malformed/.test(text)) return;
    const way = isOurs ? `${name} → kernel` : `kernel → ${name}`;
    scene.tell({ kind: 'line', time, side: 'wire', about: 'segment', text: `${way}  ${text}` });
    if (left === 0) {
      const more = 'frames that neither open nor close a connection are not told any more; -v tells all';
      scene.tell({ kind: 'line', time, side: 'wire', about: 'segment', text: more });
    }
  });
}

function lineOf({ lines }: Scene, bytes: Uint8Array): string {
  try {
    return lines.format(bytes);
  } catch (error) {
    // Whoever is in the namespace may send what they like.
    if (isWireError(error) || error instanceof RangeError) return `malformed: ${error.message}`;
    throw error;
  }
}

/** Two steps: how the first data of our program crosses, and how that of the kernel's does. */
export function tellWrite(scene: Scene, { host, tap, station }: Place, ears: Ears, first: FirstData): void {
  let isTold = false;
  ears.on(host, 'kprobe', ({ function: entered, skb }, time) => {
    if (isTold || entered !== 'dev_hard_start_xmit' || !isOn(skb, tap)) return;
    if (skb.headlen < 54 || !first.isIn(segmentInFrame(skb.view, skb.data))) return;
    isTold = true;
    const pieces = 1 + skb.nrFrags + (tap.features.tx ? 1 : 0);
    scene.tell({
      kind: 'step',
      time,
      side: station.name,
      call: 'dev_hard_start_xmit → writev',
      file: 'write(2) on /dev/net/tun',
      text: `The driver copies nothing: one writev(2) gives the kernel ${pieces} pieces from where they lie, and the clone is freed. ${tap.features.tx ? 'The first is a virtio_net_hdr: it says what is left to do with the packet.' : 'The host has finished checksums and cut super-packets before, for without offloads a TAP takes frames as they would be on a wire.'}`,
      details: [...(tap.features.tx ? [vnetHeader(skb)] : []), ...piecesOf(skb)],
    });
    scene.tell({
      kind: 'step',
      time,
      side: 'kernel',
      call: 'tun_chr_write_iter → tun_get_user → netif_rx',
      file: 'drivers/net/tun.c',
      text: `The kernel makes an skb of its own of the ${skb.len} bytes, and from here on it is as if a card had received them.`,
      details: shown(encode(skb)),
    });
  });
}

/** What {@link writeVnetHeader} of the device makes of a packet. */
function vnetHeader({ ipSummed, csumStart, csumOffset, data, gsoSize, gsoSegs }: SkBuff): string {
  if (ipSummed !== CHECKSUM_PARTIAL) return 'virtio_net_hdr  flags 0, gso NONE';
  const sum = `flags NEEDS_CSUM, csum_start ${csumStart - data}, csum_offset ${csumOffset}`;
  const gso = gsoSize > 0 ? `gso TCPV4, gso_size ${gsoSize} (${gsoSegs} segments)` : 'gso NONE';
  return `virtio_net_hdr  ${sum}, ${gso}`;
}

function piecesOf({ headlen, frags, nrFrags }: SkBuff): string[] {
  return [
    `head     ${headlen} bytes`,
    ...frags.slice(0, nrFrags).map(({ length }, index) => `frags[${index}] ${length} bytes`),
  ];
}

/** The bytes of the first data that the kernel sent. */
export function tellRead(scene: Scene, { host, tap }: Place, ears: Ears, first: FirstData): void {
  let isTold = false;
  ears.on(host, 'net:netif_receive_skb', ({ dev, skb }, time) => {
    if (isTold || dev !== tap.name || !first.isIn(segmentInFrame(skb.view, skb.data))) return;
    isTold = true;
    const bytes = encode(skb);
    scene.tell({
      kind: 'step',
      time,
      side: 'wire',
      call: 'the TAP',
      file: 'from the kernel',
      text: `${bytes.length} bytes, as read(2) gave them${skb.ipSummed === CHECKSUM_PARTIAL ? ' behind a virtio_net_hdr that says NEEDS_CSUM: the TCP checksum is that of the pseudo-header alone' : ''}.`,
      details: shown(bytes),
    });
  });
}

/** Whether a packet is at a device. */
function isOn({ dev }: SkBuff, { name }: Place['tap']): boolean {
  return (dev as { name?: string } | undefined)?.name === name;
}

/** Bytes as rows, of many the first and the last. */
function shown(bytes: Uint8Array): string[] {
  if (bytes.length <= SHOWN) return rows(bytes);
  return [...rows(bytes.subarray(0, 96)), `… ${bytes.length - 112} bytes …`, ...rows(bytes.subarray(-16))];
}
