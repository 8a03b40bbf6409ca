/**
 * All narrators, in the order in which what they hear at the same moment is told.
 * @module
 */
import type { Ears, Scene } from '../scene.ts';
import { tellNeighbours } from './arp.ts';
import { tellAscent } from './ascent.ts';
import { tellBuffer, type Waits } from './buffer.ts';
import { tellCallSteps } from './call-steps.ts';
import { tellCalls } from './calls.ts';
import { tellCards } from './card.ts';
import { tellDescent } from './descent.ts';
import { tellForward } from './forward.ts';
import { tellFrames } from './frames.ts';
import { tellHandshake } from './handshake.ts';
import { tellRecovery } from './recovery.ts';
import { tellStates } from './states.ts';

/**
 * Has all of them listen: until `ears` are closed, and those who tell of frames until `late` are. What send() had to wait is counted in
 * what is returned.
 */
export function tellAll(scene: Scene, ears: Ears, late: Ears): Waits {
  tellCallSteps(scene, ears);
  tellCalls(scene, ears);
  tellNeighbours(scene, ears);
  tellHandshake(scene, ears);
  tellStates(scene, ears);
  const waits = tellBuffer(scene, ears);
  const { network, first, total } = scene;
  const { client, server, target } = network;
  tellDescent(scene, ears, { station: client, first, total, peer: () => target.address });
  tellCards(scene, ears);
  tellForward(scene, ears);
  tellAscent(scene, ears, server, first);
  tellFrames(scene, late);
  tellRecovery(scene, ears);
  return waits;
}
