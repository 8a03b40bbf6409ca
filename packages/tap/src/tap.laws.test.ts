/** TAP and TUN keep the laws that all devices keep: over memory, over a socket pair, and over a bridge of the kernel's. */
import { existsSync, readdirSync } from 'node:fs';
import { deviceLaws } from '@stack/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gathered, inMemory, overBridge, overSocketPair } from './laws.fixture.ts';
import { Netns } from './netns.ts';

const api = { describe, it };
const runs = 25;

deviceLaws(api, 'tap in memory', () => inMemory());
deviceLaws(api, 'tap in memory without offloads, a short queue', () =>
  inMemory({ offloads: false, queue: 12 }),
);
deviceLaws(api, 'tun in memory', () => inMemory({ type: 'none' }));

const fds = () => readdirSync('/proc/self/fd').length;

/** Descriptors open before and after all of a suite's tests. */
function leaksNoDescriptor(): void {
  let before = 0;
  beforeAll(() => {
    before = fds();
  });
  afterAll(() => expect(fds()).toBe(before));
}

const isLinux = process.platform === 'linux';
if (!isLinux) console.log('skipped: descriptors of Linux');
describe.skipIf(!isLinux)('over a socket pair', () => {
  leaksNoDescriptor();
  deviceLaws(api, 'tap', () => overSocketPair({}), { runs });
  deviceLaws(api, 'tap without offloads', () => overSocketPair({ offloads: false }), { runs });
  deviceLaws(api, 'tun', () => overSocketPair({ type: 'none' }), { runs });
});

const isPossible = isLinux && process.getuid?.() === 0 && existsSync('/dev/net/tun');
if (!isPossible) console.log('skipped: TAP devices need Linux, root and /dev/net/tun');
describe.skipIf(!isPossible && process.env.CI !== 'true')('over a bridge of the kernel', () => {
  let ns: Netns;
  leaksNoDescriptor();
  beforeAll(async () => {
    ns = await Netns.open();
    const disable =
      'net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 net.bridge.bridge-nf-call-iptables=0';
    ns.run(
      'sh',
      '-c',
      `sysctl -qwe ${disable}; ip link add br0 type bridge mcast_snooping 0 && ip link set br0 up`,
    );
  });
  afterAll(() => ns.close());
  deviceLaws(api, 'tap', () => overBridge(ns, true), { runs: 5 });
  deviceLaws(api, 'tap, gathered', async () => gathered(await overBridge(ns, true)), { runs: 5 });
  deviceLaws(api, 'tap without offloads', () => overBridge(ns, false), { runs: 5 });
  deviceLaws(api, 'tap without koffi', () => overBridge(ns, true, false), { runs: 5 });
  deviceLaws(api, 'tap without koffi, without offloads', () => overBridge(ns, false, false), { runs: 5 });
});
