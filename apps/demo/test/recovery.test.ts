import { beforeAll, describe, expect, it } from 'vitest';
import { type Document, demo, fileOf, folder, json, linesOf, stepAt } from './support.ts';

const files = folder();
const LOSSY = ['--loss', '5%', '--delay', '20ms', '--reorder', '10%', '--seed', '7'];

describe('on a bad network', () => {
  let told: Document;
  beforeAll(async () => {
    told = await json(...LOSSY);
  });
  const lines = (about: string): string[] =>
    linesOf(told)
      .filter((line) => line.about === about)
      .map(({ text }) => text);

  it('every byte arrives, both ways, and nothing is left', () => {
    expect(told.deliveries.map(({ sent, received, identical }) => [sent, received, identical])).toEqual([
      [262_144, 262_144, true],
      [262_144, 262_144, true],
    ]);
    expect(told.left).toEqual({ pages: 0, skbs: 0, timers: 0, connections: 0 });
  });

  it('tells each retransmission: which segment, why, and the numbers before and after', () => {
    const again = lines('recovery').filter((text) => text.startsWith('tcp:tcp_retransmit_skb'));
    const segments = again.flatMap((text) => text.match(/(?<=seq [\d: ]*)\b\d+(:\d+)?(?=[ :])/g) ?? []);
    const counted = (told.nstat.client?.TcpRetransSegs ?? 0) + (told.nstat.server?.TcpRetransSegs ?? 0);
    expect(again.length).toBeGreaterThan(5);
    expect(segments.length).toBeGreaterThanOrEqual(again.length);
    expect(segments.length).toBeLessThanOrEqual(counted);
    for (const text of again) {
      expect(text).toMatch(
        /: (fast retransmit: \d+ sent after it arrived|what was sent after it arrived|tail loss probe|RTO: no ACK for [\d.]+ ms|the next of those).*\. cwnd \d+.*, ssthresh .*, rto [\d.]+ ms/,
      );
    }
    expect(again.join('\n')).toMatch(
      /fast retransmit: \d+ sent after it arrived, SACK says .*cwnd (\d+) → \d+/,
    );
  });

  it('has the threshold at seven tenths of the window at a fast retransmit, and doubles the timer at a timeout', () => {
    for (const text of lines('recovery')) {
      const [, cwnd, after] = /fast retransmit.*cwnd (\d+).*ssthresh (?:\S+ → )?(\d+)/.exec(text) ?? [];
      if (cwnd !== undefined)
        expect(Number(after)).toBe(Math.max(2, Math.floor((Number(cwnd) * 717) / 1024)));
      const [, was, is] = /RTO: .*rto ([\d.]+) ms → ([\d.]+) ms/.exec(text) ?? [];
      if (was !== undefined) expect(Number(is)).toBeCloseTo(2 * Number(was), 3);
    }
  });

  it('tells when recovery is over, and when nothing had been lost', () => {
    const text = lines('recovery').join('\n');
    expect(text).toMatch(/Recovery → Open: all that was in flight when the loss was noticed is acknowledged/);
    expect(text).toMatch(/tcp_undo_cwnd_reduction Recovery → Open: nothing was lost, only late/);
  });

  it('tells each frame that the wire lost, and no frame that nothing befell', () => {
    const lost = told.wires.reduce((sum, wire) => sum + wire.lost, 0);
    expect(lost).toBeGreaterThan(10);
    expect(lines('fate').filter((text) => text.endsWith('[lost]'))).toHaveLength(lost);
    expect(lines('segment').every((text) => /Flags \[.*[SF]/.test(text))).toBe(true);
  });

  it('tells the first data whole all the same, though something of it was lost', () => {
    expect(stepAt(told, 'server', 'tcp_recvmsg').geometry?.len).toBe(1448);
  });

  it('prints goodput and a summary', async () => {
    const { lines: text } = await demo(...LOSSY);
    expect(text.at(-2)).toMatch(
      /^identical: 262144 bytes, client to server, \d+\.\d{6} s, goodput \d+\.\d\d [km]bit\/s$/i,
    );
    expect(text.join('\n')).toMatch(
      /client {2}\d+ of \d+ segments were sent again \(\d+\.\d %\): \d+ in fast recovery/,
    );
  });

  it('gives the same output for the same seed, byte for byte, and another for another', async () => {
    const [one, two] = [await demo(...LOSSY, '-v'), await demo(...LOSSY, '-v')];
    expect(one.lines).toEqual(two.lines);
    const other = await demo(...LOSSY.slice(0, -1), '8', '-v');
    expect(other.lines).not.toEqual(one.lines);
    expect(other.code).toBe(0);
  });

  it('with -v has a line for every frame of every wire', async () => {
    const verbose = await json(...LOSSY, '-v', '--data', fileOf(files, 20_000));
    const frames = verbose.wires.reduce((sum, wire) => sum + wire.frames, 0);
    const told = linesOf(verbose).filter(({ about }) => about === 'segment' || about === 'fate');
    expect(told).toHaveLength(frames);
    const held = told.filter(({ text }) => /\[.*held back.*]$/.test(text));
    expect(held.length).toBeGreaterThan(0);
  });

  it.each([
    ['corrupt 3%', ['--corrupt', '3%'], /"NIC_RX_CRC":\d/],
    ['duplicate 10%', ['--duplicate', '10%'], /TCP_OLD_DATA/],
    ['rate 10mbit', ['--rate', '10mbit', '--loss', '1%'], /./],
    ['all of it, over a router', ['--routed', '--loss', '3%', '--corrupt', '2%', '--duplicate', '2%'], /./],
  ])('%s: every byte arrives', async (_, args, drops) => {
    const found = await json(...args, '--data', fileOf(files, 300_000));
    expect(found.identical).toBe(true);
    expect(JSON.stringify(found.drops)).toMatch(drops);
    expect(found.left).toEqual({ pages: 0, skbs: 0, timers: 0, connections: 0 });
  });

  it('a slow wire takes as long as it takes', async () => {
    const { deliveries } = await json('--rate', '10mbit', '--data', fileOf(files, 100_000));
    const [there] = deliveries;
    const mbit = (there!.sent * 8) / (there!.end - there!.begin);
    expect(mbit).toBeGreaterThan(9);
    expect(mbit).toBeLessThan(10);
  });
});

describe('a small send buffer', () => {
  let told: Document;
  beforeAll(async () => {
    told = await json('--wmem', '4096');
  });

  it('has send() wait: with how much queued, which ACK freed room, and when it went on', () => {
    const texts = linesOf(told).filter(({ about }) => about === 'buffer');
    const [wait, ack, on] = texts.map(({ text }) => text);
    expect(wait).toMatch(
      /^sk_stream_wait_memory send\(\) waits: \d+ bytes taken, \d+ to go; sk_wmem_queued \d+ >= sk_sndbuf 4096, of that \d+ bytes sent and not acknowledged, \d+ not sent$/,
    );
    expect(ack).toMatch(
      /^sk_stream_write_space ack \d+ freed room: sk_wmem_queued \d+ of 4096\. send\(\) is woken$/,
    );
    expect(on).toMatch(/^tcp_sendmsg send\(\) goes on after \d+ µs$/);
    const taken = Number(/waits: (\d+) bytes/.exec(wait as string)?.[1]);
    const acked = Number(/ack (\d+)/.exec(ack as string)?.[1]);
    expect(acked).toBeGreaterThan(1);
    expect(acked).toBeLessThanOrEqual(taken + 1);
    expect(texts[2]!.time - texts[0]!.time).toBe(Number(/after (\d+)/.exec(on as string)?.[1]));
  });

  it('sums up, and everything arrives', () => {
    expect(told.waits.count).toBeGreaterThan(1);
    expect(told.waits.time).toBeGreaterThan(0);
    expect(told.identical).toBe(true);
    expect(
      told.calls.filter((line) => line.includes('sendto') && line.startsWith('[pid  1002]')),
    ).toHaveLength(2);
  });

  it('never waits when there is room', async () => {
    expect((await json()).waits).toEqual({ count: 0, time: 0, most: 0 });
  });
});
