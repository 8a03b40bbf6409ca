/** Every device keeps the same laws. */
import { Nic, VirtualClock, Wire } from '@stack/nic-sim';
import { Pool } from '@stack/skbuff';
import { type DeviceBench, deviceLaws } from '@stack/testkit';
import { describe, it } from 'vitest';
import type { Device } from '../device.ts';
import { Loopback } from './loopback.ts';
import { type VethOptions, vethPair } from './veth.ts';

const api = { describe, it };

/** Two devices with nothing between them that takes time. */
function bench(a: Device, b: Device): DeviceBench {
  return { a, b, pools: [new Pool({ poison: true, chunkSize: 65_536 })], pump() {} };
}

function veths(options: VethOptions = {}): DeviceBench {
  return bench(...vethPair(options));
}

deviceLaws(api, 'loopback', () => {
  const lo = new Loopback();
  return bench(lo, lo);
});
deviceLaws(api, 'veth', () => veths());
deviceLaws(api, 'veth with a ring', () => veths({ ring: 12 }));
deviceLaws(api, 'veth without offloads', () => veths({ features: { tx: false, tso: false, gso: false } }));
deviceLaws(
  api,
  'nic-sim over a wire',
  () => {
    const clock = new VirtualClock();
    const pools: [Pool, Pool] = [
      new Pool({ poison: true, chunkSize: 65_536 }),
      new Pool({ poison: true, chunkSize: 65_536 }),
    ];
    const options = { clock, txRing: 32, rxRing: 32, rxHeadroom: 66 };
    const a: Device = new Nic({ ...options, pool: pools[0], address: 0x02_00_00_00_00_0a });
    const b: Device = new Nic({ ...options, pool: pools[1], address: 0x02_00_00_00_00_0b });
    new Wire({ clock, a: a as Nic, b: b as Nic });
    return { a, b, pools, pump: () => clock.run() };
  },
  { runs: 20 },
);
