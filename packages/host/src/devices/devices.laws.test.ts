/** The host's own devices keep the laws that all devices keep. */
import { Pool } from '@stack/skbuff';
import type { Device } from '@stack/skbuff/netdev';
import { type DeviceBench, deviceLaws } from '@stack/testkit';
import { describe, it } from 'vitest';
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
