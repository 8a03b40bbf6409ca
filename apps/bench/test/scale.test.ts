import { AF_INET, SIOCOUTQ, SOCK_STREAM } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { accepted, Connections, opened } from '../src/scale/connections.ts';
import type { Figure } from '../src/scale/figures.ts';
import { scalePasses, scaleReport, scaleResults } from '../src/scale/report.ts';
import { MOST_BYTES, SCALES } from '../src/scale/scales.ts';

describe('many', () => {
  // Resident memory of so few says nothing; live objects of 2500 bytes do, and leave room for what Nodes differ in.
  const MOST_HEAP = 4000;

  it('connections cost little memory: opened here', async () => {
    const cost = await opened(5000);
    expect(cost.heap + cost.arrayBuffers).toBeGreaterThan(1000);
    expect(cost.heap + cost.arrayBuffers).toBeLessThan(MOST_HEAP);
  });

  it('connections cost little memory: opened by peers', async () => {
    const { established, socket } = await accepted(5000);
    expect(established.heap + established.arrayBuffers).toBeGreaterThan(1000);
    expect(established.heap + established.arrayBuffers + socket.heap).toBeLessThan(MOST_HEAP);
  });

  it.each(SCALES.map((scale) => [scale.title, scale] as const))('%s, a thousandth', async (_, { run }) => {
    const figures = await run(1 / 1000);
    expect(figures.length).toBeGreaterThan(2);
    for (const { name, value } of figures) expect(Number.isFinite(value), name).toBe(true);
  });
});

describe('the responder', () => {
  it('takes, acknowledges and closes connections without knowing them', async () => {
    const all = new Connections();
    const { host, clock } = all;
    await all.connect(2);
    await all.open(2);
    await all.accept(2);
    expect(host.tcp.mib.Tcp).toMatchObject({ ActiveOpens: 2, PassiveOpens: 2, CurrEstab: 4 });
    for (const socket of all.sockets) {
      await socket.send('five!');
      await clock.sleep(0);
      expect(socket.ioctl(SIOCOUTQ)).toBe(0);
    }
    for (const socket of all.sockets) {
      socket.shutdown(1);
      expect(await socket.recv(1)).toHaveLength(0);
      await socket.close();
    }
    expect(host.tcp.mib.Tcp).toMatchObject({ CurrEstab: 0, RetransSegs: 0, InErrs: 0, EstabResets: 0 });
    expect(host.drops).toEqual({});
    await all.close();
    expect([host.pool.stats.skbs, host.timers.pending, host.tcp.socketsAllocated]).toEqual([0, 0, 0]);
  });

  it('is everybody', async () => {
    const all = new Connections();
    const socket = all.host.socket(AF_INET, SOCK_STREAM);
    await socket.connect({ address: '10.200.3.4', port: 1 });
    expect(socket.getpeername()).toMatchObject({ address: '10.200.3.4', port: 1 });
    await all.close();
  });
});

describe('results of scale', () => {
  const round = (value: number): Figure[] => [
    { name: 'a, rss', value, unit: 'B', most: MOST_BYTES },
    { name: 'b', value: value * 2, unit: 'us' },
  ];

  it('are medians, and within their limits or not', () => {
    const results = scaleResults(['one', 'none'], [[round(9000), round(6144), round(10)], []]);
    expect(results).toMatchObject([{ title: 'one', figures: [{ value: 6144 }, { value: 12_288 }] }]);
    expect(scalePasses(results)).toBe(true);
    expect(scaleReport(results)).toMatch(/^one\n {2}a, rss +6,144 B +at most 6144 +pass\n {2}b +12,288 us$/);
    const missed = scaleResults(['one'], [[round(6145)]]);
    expect(scalePasses(missed)).toBe(false);
    expect(scaleReport(missed)).toContain('MISS');
  });
});
