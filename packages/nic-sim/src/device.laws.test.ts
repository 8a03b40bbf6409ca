/** A NIC is a device like any other. */
import { Pool, type SkBuff } from '@stack/skbuff';
import { type DeviceBench, deviceLaws } from '@stack/testkit';
import { describe, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { MAC_A, MAC_B, segmentTest } from './fixture.ts';
import { Nic } from './nic.ts';
import type { NicOptions } from './nic-options.ts';
import { Wire, type WireOptions } from './wire.ts';

const api = { describe, it };
const runs = 25;

/** Cuts what is what it says; the laws send other packets, too. */
function segment(skb: SkBuff): SkBuff[] | undefined {
  const { networkHeader: network, transportHeader: transport, data, tail } = skb;
  const isSound = network >= data + 14 && transport >= network + 20 && transport + 20 <= tail;
  return isSound ? segmentTest(skb) : undefined;
}

function nics(options: Partial<NicOptions> = {}, wire: Partial<WireOptions> = {}): DeviceBench {
  const clock = new VirtualClock();
  const [one, two] = [0, 1].map(() => new Pool({ poison: true, chunkSize: 65_536 })) as [Pool, Pool];
  const a = new Nic({ clock, pool: one, address: MAC_A, ...options });
  const b = new Nic({ clock, pool: two, address: MAC_B, ...options });
  new Wire({ clock, a, b, ...wire });
  return { a, b, pools: [one, two], pump: () => void clock.run() };
}

deviceLaws(api, 'nic', () => nics({ txRing: 64, rxRing: 64 }), { runs });
deviceLaws(api, 'nic that cuts', () => nics({ segment }), { runs });
deviceLaws(
  api,
  'nic without offloads, small rings, a slow wire',
  () =>
    nics(
      { txRing: 8, rxRing: 8, segment, features: { tx: false, rx: false, tso: false } },
      { rate: 10_000_000, delay: 1000 },
    ),
  { runs },
);
