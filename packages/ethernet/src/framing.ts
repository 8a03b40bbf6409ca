/**
 * Which headers are frames: what `push` refuses, because `pull` would read something else out of it, or nothing.
 * @module
 */
import { ETH_P_802_3_MIN } from './ether-types.ts';
import { ETH_DATA_LEN } from './layout.ts';
import { isSnap, type Llc } from './llc.ts';
import { isTpid, MAX_TAGS, type Tag } from './vlan.ts';

/** @throws RangeError for a `proto` that is neither type nor length, or not what the LLC makes of it, and for a bad LLC. */
export function refuseFraming(proto: number, llc: Llc | null): void {
  if (proto > ETH_DATA_LEN && proto < ETH_P_802_3_MIN) {
    throw new RangeError(
      `ethernet: proto ${proto} is neither a length, 0..1500, nor an EtherType, 1536..65535`,
    );
  }
  if (llc === null) {
    if (proto <= ETH_DATA_LEN) throw new RangeError(`ethernet: proto ${proto} is a length: no llc was given`);
    if (isTpid(proto)) throw new RangeError(`ethernet: proto ${hex(proto)} begins a tag: put it into tags`);
    return;
  }
  if (proto > ETH_DATA_LEN) {
    throw new RangeError(`ethernet: proto ${hex(proto)} is an EtherType: no llc goes with it`);
  }
  if (isSnap(llc) !== (llc.snap !== null)) {
    throw new RangeError(
      'ethernet: llc.snap goes with dsap 0xaa, ssap 0xaa, control 0x03, and with nothing else',
    );
  }
}

/** @throws RangeError for more tags than are read, and for one that nobody would take for a tag. */
export function refuseTags(tags: readonly Tag[]): void {
  if (tags.length > MAX_TAGS) throw new RangeError(`ethernet: ${tags.length} tags, more than ${MAX_TAGS}`);
  for (const { tpid } of tags) {
    if (isTpid(tpid)) continue;
    throw new RangeError(`ethernet: tpid ${hex(tpid)} is not 0x8100 (ETH_P_8021Q) or 0x88a8 (ETH_P_8021AD)`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`;
}
