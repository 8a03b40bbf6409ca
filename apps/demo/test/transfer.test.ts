import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunOptions, run } from '../src/run.ts';
import { demo, fileOf, folder, json, stepAt } from './support.ts';

const files = folder();

/** With Linux's limits three lost questions of ARP are enough for EHOSTUNREACH. */
const PATIENT = {
  'net.ipv4.tcp_syn_retries': '30',
  'net.ipv4.tcp_synack_retries': '30',
  'net.ipv4.tcp_retries2': '60',
  'net.ipv4.neigh.default.mcast_solicit': '30',
  'net.ipv4.neigh.default.ucast_solicit': '30',
};

describe('a file', () => {
  it.each([0, 1, 1448, 1449, 65_160, 65_161, 1_000_003])(
    'of %i bytes arrives and comes back, copied in once and out once',
    async (length) => {
      const told = await json('--data', fileOf(files, length));
      expect(told.deliveries.map(({ sent, received, identical }) => [sent, received, identical])).toEqual([
        [length, length, true],
        [length, length, true],
      ]);
      const { send, recv, moved } = told.copies;
      for (const share of [send.client, send.server, recv.client, recv.server]) {
        expect(share.bytes).toBeGreaterThan(length);
        expect(share.copied).toBe(share.bytes);
      }
      expect(moved).toBe(0);
      expect(told.left).toEqual({ pages: 0, skbs: 0, timers: 0, connections: 0 });
    },
  );

  it('leaves as super-packets that the card cuts', async () => {
    const told = await json('--data', fileOf(files, 100_000));
    const { geometry } = stepAt(told, 'client', '__ip_queue_xmit');
    expect(geometry?.dataLen).toBeGreaterThan(1448);
    expect((geometry?.dataLen ?? 1) % 1448).toBe(0);
    expect(stepAt(told, 'client', 'DMA read').text).toMatch(/cuts the super-packet into \d+ frames \(TSO\)/);
    expect(stepAt(told, 'client', 'e1000_xmit_frame').details?.[0]).toMatch(/hdrlen 66 mss 1448 .*TSE/);
  });

  it('is lent, not copied, where that is asked for', async () => {
    const { copies, identical } = await json('--zerocopy', '--data', fileOf(files, 100_000));
    expect(identical).toBe(true);
    expect(copies.send.client.copied).toBe(0);
    expect(copies.moved).toBe(0);
  });

  it('of 100 MB takes seconds, a page of text, and leaves nothing', async () => {
    const { lines, code } = await demo('--data', fileOf(files, 100_000_000));
    expect(code).toBe(0);
    expect(lines.at(-2)).toMatch(/^identical: 100000000 bytes, client to server/);
    expect(lines.at(-1)).toMatch(/^identical: 100000000 bytes, server to client/);
    expect(lines.at(-3)).toMatch(/left when all is over: nothing/);
    expect(lines.length).toBeLessThan(500);
  }, 300_000);

  it('any bytes arrive, on any network', async () => {
    const settings = fc.record(
      {
        data: fc.uint8Array({ maxLength: 5000 }),
        zerocopy: fc.boolean(),
        routed: fc.boolean(),
        seed: fc.integer({ min: 0, max: 1000 }),
        loss: fc.constantFrom(0, 0.05),
        corrupt: fc.constantFrom(0, 0.05),
      },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(settings, async ({ loss, corrupt, ...rest }) => {
        const options: RunOptions = {
          ...rest,
          program: 'transfer',
          wire: { loss, corrupt },
          sysctl: PATIENT,
          wmem: undefined,
          verbose: false,
          tell: () => undefined,
        };
        const { deliveries, errors, left } = await run(options);
        expect(errors).toEqual([]);
        for (const { identical } of deliveries) expect(identical).toBe(true);
        expect(left).toEqual({ pages: 0, skbs: 0, timers: 0, connections: 0 });
      }),
      { numRuns: 30 },
    );
  });
});

describe('--json', () => {
  it('is one document', async () => {
    const { lines, code } = await demo('--json', '--data', fileOf(files, 5000));
    expect([lines.length, code]).toEqual([1, 0]);
    const told = JSON.parse(lines[0] as string);
    expect(Object.keys(told)).toEqual([
      'options',
      'steps',
      'calls',
      'deliveries',
      'errors',
      'time',
      'copies',
      'waits',
      'nstat',
      'links',
      'drops',
      'dma',
      'wires',
      'left',
      'identical',
    ]);
    expect(told.options).toEqual({ data: expect.any(String) });
    for (const step of told.steps) {
      expect(step).toMatchObject({
        kind: expect.stringMatching(/^(step|line)$/),
        time: expect.any(Number),
        side: expect.stringMatching(/^(client|router|server|wire)$/),
        text: expect.any(String),
      });
    }
    expect(told.wires[0]).toEqual({
      from: 'client',
      to: 'server',
      frames: told.links.client.eth0.txPackets,
      delivered: told.links.server.eth0.rxPackets,
      lost: 0,
      corrupted: 0,
      duplicated: 0,
      reordered: 0,
      dropped: 0,
    });
    expect(told.identical).toBe(true);
  });
});

describe('--sysctl', () => {
  it('sets them on every host', async () => {
    const { steps } = await json(
      '--sysctl',
      'net.ipv4.tcp_timestamps=0',
      '--sysctl',
      'net.ipv4.tcp_window_scaling = 0',
    );
    const syn = stepAt({ steps }, 'client', 'tcp_connect').fields ?? [];
    expect(syn.map(({ value }) => value).join()).not.toMatch(/TS val|wscale/);
    const answer = stepAt({ steps }, 'server', 'tcp_make_synack').fields ?? [];
    expect(answer.map(({ value }) => value).join()).not.toMatch(/TS val|wscale/);
  });
});

describe('what goes wrong', () => {
  it.each([
    [
      ['--loss', 'some'],
      /^error: option '--loss <percent>' argument 'some' is invalid\. Not a percentage such as 5%\.\n$/,
    ],
    [['--loss', '101%'], /More than 100%/],
    [['--loss', '-5%'], /invalid/],
    [['--delay', '20'], /Not a time such as 20ms/],
    [['--delay', '2h'], /Not a time/],
    [['--rate', 'fast'], /Not a rate such as 100mbit/],
    [['--rate', '1bit'], /Less than 1kbit/],
    [['--seed', '1.5'], /Not a whole number below 2\^32/],
    [['--seed', '4294967296'], /Not a whole number/],
    [['--wmem', 'much'], /Not a number of bytes/],
    [['--wmem', '2gb'], /Not a number of bytes/],
    [['--wmem', '0'], /^net\.ipv4\.tcp_wmem: .*EINVAL/],
    [['--sysctl', 'name'], /Not of the form name=value/],
    [['--sysctl', 'net.ipv4.no_such=1'], /^net\.ipv4\.no_such: no such sysctl \(ENOENT\)\n$/],
    [['--sysctl', 'net.ipv4.tcp_wmem=many'], /^net\.ipv4\.tcp_wmem: .* \(EINVAL\)\n$/],
    [['--los', '5%'], /^error: unknown option '--los'\n$/],
    [['extra'], /^error: too many arguments/],
    [['--data'], /argument missing/],
    [['--data', join(files, 'missing')], /missing: no such file\n$/],
    [['--data', files], /is a directory\n$/],
    [['--pcap', join(files, 'no', 'such', 'folder.pcap')], /folder\.pcap: no such file\n$/],
    [['--pcap', files], /\n$/],
    [['--wmem', '4096', '--sysctl', 'net.ipv4.tcp_rmem=x'], /tcp_rmem: not a legal value/],
  ])('%j is one clear line', async (args, message) => {
    const { code, lines, errors } = await demo(...args);
    expect(errors).toMatch(message);
    expect(errors.trimEnd()).not.toContain('\n');
    expect(lines).toEqual([]);
    expect(code).toBe(1);
  });

  it('a file that ends in the middle of nowhere is still a file', async () => {
    const path = join(files, 'odd');
    writeFileSync(path, '\r\n\r\n\0');
    expect((await json('--data', path)).deliveries[0]).toMatchObject({ sent: 5, identical: true });
  });
});
