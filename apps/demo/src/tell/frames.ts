/**
 * Tells the frames on the wires as tcpdump would, each with what befell it.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { segmentInFrame } from '../inspect.ts';
import type { Ears, Scene } from '../scene.ts';
import { type Passage, watchWire } from '../wire-watch.ts';

/** Fates that need a line of their own where not every frame has one. */
const HARM = ['lost', 'corrupted'];

/** A line for each frame; where there are too many, for those that open or close the connection, and those that come to harm. */
export function tellFrames(scene: Scene, ears: Ears): void {
  const { network } = scene;
  for (const cable of network.cables) {
    ears.until(watchWire(cable, network.clock, (passage) => tellFrame(scene, passage)));
  }
}

function tellFrame({ tell, lines, everyFrame }: Scene, { from, to, time, bytes, fate }: Passage): void {
  const text = lines.format(bytes);
  const isHarmed = fate.some((one) => HARM.includes(one));
  if (!everyFrame && !isHarmed && !opensOrCloses(bytes)) return;
  const end = fate.length === 0 ? '' : ` [${fate.join(', ')}]`;
  const about = isHarmed ? 'fate' : 'segment';
  tell({ kind: 'line', time, side: 'wire', about, text: `${from} → ${to}  ${text}${end}` });
}

function opensOrCloses(bytes: Uint8Array): boolean {
  const segment = segmentInFrame(viewOf(bytes), 0);
  return segment !== undefined && (segment.flags & (tcp.SYN | tcp.FIN | tcp.RST)) !== 0;
}
