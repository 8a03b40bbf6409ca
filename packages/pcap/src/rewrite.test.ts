import { describe, expect, it } from 'vitest';
import {
  type InterfaceInput,
  type Packet,
  type PacketInput,
  PcapngWriter,
  PcapWriter,
  packetsSync,
  recordsSync,
} from './index.ts';

/** Node, which packages may not name. */
const { process } = globalThis as unknown as {
  process: {
    env: Record<string, string | undefined>;
    getBuiltinModule(name: 'node:fs'): {
      readFileSync(path: string): Uint8Array;
      existsSync(path: string): boolean;
    };
  };
};
const { readFileSync, existsSync } = process.getBuiltinModule('node:fs');
const folder = process.env.CAPTURES ?? '../shared/captures';
/** Captures of other programs, as far as they are at hand: cut packets without time, several interfaces and sections. */
const captures = ['012', '101', '102', '201', '202']
  .map((number) => `${folder}/gopacket/test${number}.pcapng`)
  .filter((path) => existsSync(path));

const data = Uint8Array.of(0xaa, 0xbb, 0xcc);

/** A writer of these interfaces, and everything it wrote. */
function rewrite(packets: readonly PacketInput[], interfaces: readonly InterfaceInput[]): Packet[] {
  const writer = new PcapngWriter({ interfaces });
  return [...packetsSync([writer.header(), ...packets.map((packet) => writer.write(packet))])];
}

describe('PcapngWriter takes every packet a reader gives', () => {
  it.each(captures)('of %s', (path) => {
    const all = [...packetsSync(readFileSync(path))];
    expect(all.length).toBeGreaterThan(2);
    const interfaces: InterfaceInput[] = [];
    for (const packet of all) interfaces[packet.interface] = { linkType: packet.linkType };
    for (let id = 0; id < interfaces.length; id++) interfaces[id] ??= { linkType: 0 };
    const again = rewrite(all, interfaces);
    const epoch = { seconds: 0, nanoseconds: 0 };
    const want = all.map((packet) => {
      const isWhole = packet.originalLength === packet.data.length;
      return { ...packet, timestamp: packet.timestamp ?? (isWhole ? undefined : epoch) };
    });
    expect(again).toStrictEqual(want);
  });

  it.each<[string, Partial<Packet>]>([
    ['cut', { originalLength: 64 }],
    ['with a comment', { comments: ['x'] }],
    ['with an option', { options: [{ code: 200, value: data }] }],
    ['with flags', { flags: 1 }],
    ['of another interface', { interface: 1 }],
  ])('%s and without time: at time 0, with nothing lost', (_, change) => {
    const [again] = rewrite([{ data, ...change }], [{ linkType: 1 }, { linkType: 1 }]);
    expect(again).toMatchObject({ data, ...change, timestamp: { seconds: 0, nanoseconds: 0 } });
  });

  it.each<[string, number, number]>([
    ['no snapshot length', 0, 3],
    ['cut at the snapshot length', 3, 64],
  ])('without time and %s: as a simple packet', (_, snapLength, originalLength) => {
    const [again] = rewrite([{ data, originalLength }], [{ linkType: 1, snapLength }]);
    expect(again).toMatchObject({ data, originalLength, timestamp: undefined });
  });

  it('without time where the interface cannot tell 1970: at its own time 0', () => {
    const [again] = rewrite([{ data, originalLength: 9 }], [{ linkType: 1, timestampOffset: 1000 }]);
    expect(again?.timestamp).toEqual({ seconds: 1000, nanoseconds: 0 });
  });

  it('and every record of a pcap file', () => {
    const pcap = new PcapWriter({ linkType: 101, resolution: 'ns', littleEndian: false });
    const timestamp = { seconds: 1, nanoseconds: 999_999_999 };
    const file = [pcap.header(), pcap.write({ data, timestamp })];
    const writer = new PcapngWriter();
    const again = [...recordsSync([...recordsSync(file)].map((record) => writer.write(record)))];
    expect(again[0]).toMatchObject({ format: 'pcapng', littleEndian: false, major: 1, minor: 0 });
    expect(again.slice(1)).toStrictEqual([...recordsSync(file)].slice(1));
  });
});

describe('PcapngWriter and link types', () => {
  it('refuses a packet that says another than its interface', () => {
    const writer = new PcapngWriter({ interfaces: [{ linkType: 1 }, { linkType: 101 }] });
    writer.header();
    const timestamp = { seconds: 0, nanoseconds: 0 };
    for (const packet of [
      { data, linkType: 101 },
      { data, linkType: 101, timestamp },
      { data, linkType: 1, interface: 1, timestamp },
    ]) {
      expect(() => writer.write(packet)).toThrow(RangeError);
    }
    expect(writer.write({ data, linkType: 101, interface: 1, timestamp }).length).toBeGreaterThan(0);
  });
});
