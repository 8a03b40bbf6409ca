/**
 * Which next hop of a route a flow takes.
 * @module
 */
import type { Hop, Info } from './info.ts';
import type { Flow } from './route.ts';

/** Whether next hops of a device without carrier are skipped. */
export type IgnoreLinkdown = (ifindex: number) => boolean;

/** Why a next hop was not taken, or that it can be. */
export type HopVerdict = 'usable' | 'dead' | 'linkdown' | 'oif';

/** Whether a flow may take a next hop. */
export function judgeHop<A>(hop: Hop<A>, flow: Flow<A>, ignore: IgnoreLinkdown | undefined): HopVerdict {
  if (hop.dead) return 'dead';
  if (hop.linkdown && ignore?.(hop.ifindex)) return 'linkdown';
  return flow.oif !== 0 && flow.oif !== hop.ifindex ? 'oif' : 'usable';
}

/**
 * The index of the next hop, -1 if none can be used. A flow that must leave by a device takes the first there; else, of
 * several, the first whose bound is not below the flow's hash.
 */
export function select<A>(info: Info<A>, flow: Flow<A>, ignore: IgnoreLinkdown | undefined): number {
  const { hops } = info;
  const hash = flow.hash >>> 1;
  let first = -1;
  for (let index = 0; index < hops.length; index++) {
    const hop = hops[index] as Hop<A>;
    if (judgeHop(hop, flow, ignore) !== 'usable') continue;
    if (flow.oif !== 0 || hash <= hop.upperBound) return index;
    if (first < 0) first = index;
  }
  return first;
}
