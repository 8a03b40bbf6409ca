import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { daddr, saddr, ttl } from '@stack/ipv4';
import { Ipv4 } from '@stack/ipv4/engine';
import { CHECKSUM_UNNECESSARY } from '@stack/skbuff';
import { Socket } from '@stack/socket';
import { Tcp } from '@stack/tcp/engine';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { attempt, fromHex, fuzz } from '../src/fuzz.ts';
import { HERE, HERE_MAC, Network, THERE, THERE_MAC } from '../src/hosts/network.ts';
import { arpFrame, datagram, segment, type Way } from '../src/hosts/packets.ts';
import { programs } from '../src/hosts/program.ts';
import { targetOf } from '../src/parallel.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Whether the fuzzer finds what is wrong, and what it found fails again. */
async function findsIt(name: string, message: RegExp): Promise<void> {
  const target = targetOf(name);
  const { failure } = await fuzz(target, { runs: 20_000, seed: 1 });
  expect(failure?.message).toMatch(message);
  expect(await attempt(target, fromHex(failure!.smallest))).toHaveProperty('message');
  expect(failure!.smallest.length).toBeLessThanOrEqual(failure!.input.length);
}

// What whole hosts are fuzzed for: a mistake of each kind.
describe('a planted bug is found', () => {
  it('a packet throws', async () => {
    const { receive } = Ipv4.prototype;
    vi.spyOn(Ipv4.prototype, 'receive').mockImplementation(function (this: Ipv4, now, skb) {
      if (skb.len > 20 && ttl(skb.view, skb.data) === 1) throw new RangeError('one hop');
      receive.call(this, now, skb);
    });
    await findsIt('host-frames', /^RangeError: one hop$/);
  });

  it('a packet is never freed', async () => {
    const { receive } = Ipv4.prototype;
    vi.spyOn(Ipv4.prototype, 'receive').mockImplementation(function (this: Ipv4, now, skb) {
      if (saddr(skb.view, skb.data) !== daddr(skb.view, skb.data)) receive.call(this, now, skb);
    });
    await findsIt('host-frames', /pages are left|packets from nowhere are left/);
  });

  it('a call fails with what is no errno', async () => {
    vi.spyOn(Socket.prototype, 'ioctl').mockImplementation(() => {
      throw new Error('not there yet');
    });
    await findsIt('host-syscalls', /^Error: not there yet$/);
  });

  it('a call waits for ever', async () => {
    vi.spyOn(Socket.prototype, 'recvmsg').mockImplementation(() => new Promise(() => undefined));
    await findsIt('host-syscalls', /calls wait, and their sockets are closed/);
  });

  it('a checksum is not looked at', async () => {
    const { receive } = Tcp.prototype;
    vi.spyOn(Tcp.prototype, 'receive').mockImplementation(function (this: Tcp, now, skb, family) {
      skb.ipSummed = CHECKSUM_UNNECESSARY;
      receive.call(this, now, skb, family);
    });
    await findsIt('host-tcp', /another byte|a call failed|bytes there/);
  });
});

describe('a program', () => {
  it('does the same again', async () => {
    for (const name of ['host-frames', 'host-syscalls', 'host-tcp']) {
      const [bytes] = programs(3, 1) as [Uint8Array];
      const result = await targetOf(name).trial(bytes);
      expect(await targetOf(name).trial(bytes)).toEqual(result);
    }
  });
});

describe('the heap', () => {
  /** Something else from somebody else each time: what a host might remember for ever. */
  function frame(index: number): Uint8Array {
    const stranger = ((Math.imul(index + 1, 0x9e37_79b1) >>> 0) % 0x3000_0000) + 0x1000_0000;
    const way: Way = { dest: HERE_MAC, source: THERE_MAC, saddr: stranger, daddr: HERE };
    const data = new Uint8Array(8);
    switch (index % 6) {
      case 0:
        return segment(way, { source: 1000, dest: 7, seq: index, flags: 2, window: 1000 }, data);
      case 1:
        return datagram(way, 1000, 9, data, { flags: 1, id: index & 0xffff });
      case 2:
        return datagram(way, 1000, 99, data);
      case 3:
        return datagram({ ...way, saddr: THERE, daddr: stranger }, 1000, 9, data);
      case 4:
        return segment(way, { source: 1000, dest: 99, seq: index, flags: 0x10, window: 0 }, data);
      default:
        return arpFrame(
          { ...way, saddr: 0xc0a8_0100 + (index % 250), daddr: HERE },
          1,
          0x02_00_00_01_00_00 + index,
          0,
        );
    }
  }

  it('does not grow with what comes from ever more strangers', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // Nothing is remembered for rate limits: that table is larger than this test is long (65,664 hosts).
    const network = new Network({ sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.icmp_ratemask': 0 } });
    network.here.route.add('default', { via: '10.0.0.2' });
    network.echo(network.here);
    const used: number[] = [];
    for (let index = 0; index <= 120_000; index++) {
      network.arrive(network.here, frame(index));
      if (index % 100 === 0) await network.clock.runFor(1_000_000);
      if (index % 60_000 !== 0 || index === 0) continue;
      await network.clock.runFor(120_000_000);
      collect();
      used.push(process.memoryUsage().heapUsed);
    }
    // Tables are full after the first half. 10,000 strangers more of each kind: an object for each of one kind would be seen.
    expect(used[1]! - used[0]!).toBeLessThan(800_000);
    await network.end();
  });
});
