import { viewOf } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { hex, toHex } from '@stack/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { decode } from '../header.ts';
import { IPOPT_RA } from '../option-kinds.ts';
import { ip4, packet, type Toy, type ToyDevice, World } from './fixture.ts';
import { decodeTime } from './igmp-codec.ts';
import { filterState, MCAST_EXCLUDE, MCAST_INCLUDE } from './igmp-group.ts';
import type { InetSock } from './inet-sock.ts';
import { addSource, allowsSource, join, leave, leaveAll, removeSource, setFilter } from './multicast-sock.ts';

const MS = 1000;
const SECOND = 1_000_000;
let world: World;
let host: Toy;
let eth: ToyDevice;
let inet: InetSock;
let start: number;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  eth = host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  inet = host.ip.inet();
  start = world.now;
});
afterEach(() => world.finish());

/** Every message that was heard was one. */
const sound = (): void => expect(host.drops).toEqual([]);

const on = (group: string) => ({ group: ip4(group), address: ip4('10.0.0.1') });
const from = (group: string, source: string) => ({ ...on(group), source: ip4(source) });

/** Runs on, and tells what was sent meanwhile: ms since the start, where to, the message. */
function reports(ms: number): [number, string, string][] {
  const before = host.output.length;
  const times: number[] = [];
  host.ip.probe = (fn, skb) => {
    if (fn === 'ip_output' && skb.view.getUint8(skb.networkHeader + 9) === 2) times.push(world.now - start);
  };
  world.run(world.now + ms * MS);
  return host.output.slice(before).map(({ bytes }, i) => {
    const header = decode(bytes);
    return [times[i]! / MS, formatAddress(header.daddr), toHex(bytes.subarray(header.ihl * 4))];
  });
}

const texts = (ms: number): string[] => reports(ms).map(([, , text]) => text.slice(0, 2) + text.slice(8));

/** A message with a right checksum, from the querier. */
function query(message: Uint8Array, daddr = '224.0.0.1', pktType = 2): void {
  const bytes = message.slice();
  viewOf(bytes).setUint16(2, csumFold(csumPartial(viewOf(bytes), 0, bytes.length)));
  host.inject(packet({ saddr: '10.0.0.9', daddr, protocol: 2, ttl: 1 }, bytes), eth.ifindex, pktType);
}

const v3Query = (code: string, group: string, sources = '', flags = '02', interval = '7d'): void =>
  query(
    hex(
      `11${code}0000${group}${flags}${interval}${(sources.length / 8).toString(16).padStart(4, '0')}${sources}`,
    ),
  );

describe('joining and leaving, as Linux 6.18 told it', () => {
  it('tells a join twice, with TTL 1, DF, a router alert, precedence 6', () => {
    host.randoms.push(400, 600 * MS);
    expect(join(host.ip, world.now, inet, on('239.1.1.1'))).toBeUndefined();
    expect(reports(2500)).toEqual([
      [2.4, '224.0.0.22', '2200e9fb0000000104000000ef010101'],
      [604.4, '224.0.0.22', '2200e9fb0000000104000000ef010101'],
    ]);
    expect(decode(host.output[0]!.bytes)).toMatchObject({
      tos: 0xc0,
      ttl: 1,
      flags: 2,
      id: 0,
      protocol: 2,
      saddr: ip4('10.0.0.1'),
      options: [{ kind: IPOPT_RA, value: 0 }],
    });
    expect(eth.groups).toEqual([ip4('224.0.0.1'), ip4('239.1.1.1')]);
  });

  it.each<[string, (() => unknown)[], string[]]>([
    ['a join', [() => join(host.ip, world.now, inet, on('239.1.1.1'))], ['220000000104000000ef010101']],
    [
      'a join of one source',
      [
        () => join(host.ip, world.now, inet, on('232.1.1.1'), MCAST_INCLUDE),
        () => addSource(host.ip, world.now, inet, from('232.1.1.1', '9.9.9.1'), MCAST_INCLUDE),
      ],
      ['', '220000000105000001e801010109090901'],
    ],
    [
      'a source blocked, and unblocked',
      [
        () => join(host.ip, world.now, inet, on('239.1.1.1')),
        () => addSource(host.ip, world.now, inet, from('239.1.1.1', '9.9.9.3'), MCAST_EXCLUDE),
        () => removeSource(host.ip, world.now, inet, from('239.1.1.1', '9.9.9.3'), MCAST_EXCLUDE),
      ],
      [
        '220000000104000000ef010101',
        '220000000106000001ef01010109090903',
        '220000000105000001ef01010109090903',
      ],
    ],
    [
      'a leave',
      [
        () => join(host.ip, world.now, inet, on('239.1.1.1')),
        () => leave(host.ip, world.now, inet, on('239.1.1.1')),
      ],
      ['220000000104000000ef010101', '220000000103000000ef010101'],
    ],
    [
      'the last source left',
      [
        () => join(host.ip, world.now, inet, on('232.1.1.1'), MCAST_INCLUDE),
        () => addSource(host.ip, world.now, inet, from('232.1.1.1', '9.9.9.1'), MCAST_INCLUDE),
        () => removeSource(host.ip, world.now, inet, from('232.1.1.1', '9.9.9.1'), MCAST_INCLUDE),
      ],
      ['', '220000000105000001e801010109090901', '220000000106000001e801010109090901'],
    ],
    [
      'a change of mode',
      [
        () => join(host.ip, world.now, inet, on('239.1.1.7')),
        () =>
          setFilter(host.ip, world.now, inet, {
            ...on('239.1.1.7'),
            mode: MCAST_INCLUDE,
            sources: [ip4('9.9.9.1'), ip4('9.9.9.2')],
          }),
      ],
      ['220000000104000000ef010107', '220000000103000002ef0101070909090109090902'],
    ],
  ])('%s', (_, steps, expected) => {
    for (const [i, step] of steps.entries()) {
      expect(step()).toBeUndefined();
      expect(texts(3000)).toEqual(expected[i] === '' ? [] : [expected[i], expected[i]]);
    }
  });

  it('a join and a leave at once tell the leave alone', () => {
    join(host.ip, world.now, inet, on('239.1.1.5'));
    leave(host.ip, world.now, inet, on('239.1.1.5'));
    expect(texts(3000)).toEqual(['220000000103000000ef010105', '220000000103000000ef010105']);
    expect(host.ip.devices.get(eth.ifindex)!.leaving.size).toBe(0);
  });

  it('a leave and a join at once tell the join', () => {
    join(host.ip, world.now, inet, on('239.1.1.5'));
    texts(3000);
    leave(host.ip, world.now, inet, on('239.1.1.5'));
    join(host.ip, world.now, inet, on('239.1.1.5'));
    expect(texts(3000)).toEqual(['220000000104000000ef010105', '220000000104000000ef010105']);
  });

  it('robustness says how often', () => {
    host.sysctl.igmp_qrv = 4;
    join(host.ip, world.now, inet, on('239.1.1.1'));
    expect(texts(5000)).toHaveLength(4);
  });

  it('the groups of the link are told, or not', () => {
    join(host.ip, world.now, inet, on('224.0.0.9'));
    expect(texts(3000)).toHaveLength(2);
    host.sysctl.igmp_link_local_mcast_reports = 0;
    join(host.ip, world.now, inet, on('224.0.0.10'));
    addSource(host.ip, world.now, inet, from('224.0.0.10', '9.9.9.1'), MCAST_EXCLUDE);
    expect(texts(3000)).toEqual([]);
    leave(host.ip, world.now, inet, on('224.0.0.10'));
    expect(texts(3000)).toEqual([]);
  });

  it('all hosts is joined always, and never told', () => {
    expect(eth.groups).toEqual([ip4('224.0.0.1')]);
    v3Query('0a', '00000000');
    query(hex`110a0000 00000000`);
    expect(texts(5000)).toEqual([]);
    expect(host.lo.groups).toEqual([]);
  });

  it('what two sockets want is one state (RFC 3376 §3.2)', () => {
    const other = host.ip.inet();
    join(host.ip, world.now, inet, on('239.1.1.1'));
    addSource(host.ip, world.now, inet, from('239.1.1.1', '9.9.9.1'), MCAST_EXCLUDE);
    addSource(host.ip, world.now, inet, from('239.1.1.1', '9.9.9.2'), MCAST_EXCLUDE);
    texts(3000);
    join(host.ip, world.now, other, on('239.1.1.1'), MCAST_INCLUDE);
    addSource(host.ip, world.now, other, from('239.1.1.1', '9.9.9.2'), MCAST_INCLUDE);
    expect(texts(3000)).toEqual(Array(2).fill('220000000105000001ef01010109090902'));
    leaveAll(host.ip, world.now, inet);
    expect(texts(3000)).toEqual(Array(2).fill('220000000103000001ef01010109090902'));
    leaveAll(host.ip, world.now, other);
    expect(eth.groups).toEqual([ip4('224.0.0.1')]);
  });

  it('from 0.0.0.0 where the device has no address', () => {
    const bare = host.device('eth1', { ifindex: 9 });
    host.ip.flushAddresses(world.now, eth.ifindex);
    host.ip.flushAddresses(world.now, host.lo.ifindex);
    join(host.ip, world.now, inet, { group: ip4('239.1.1.1'), ifindex: bare.ifindex });
    world.run(world.now + 10 * MS);
    expect(decode(host.output[0]!.bytes).saddr).toBe(0);
  });

  it('stops with the link, and is told anew when it is back', () => {
    join(host.ip, world.now, inet, on('239.1.1.1'));
    eth.up = false;
    host.ip.linkDown(world.now, eth.ifindex);
    expect(eth.groups).toEqual([ip4('239.1.1.1')]);
    expect(texts(3000)).toEqual([]);
    eth.up = true;
    host.ip.linkUp(world.now, eth.ifindex);
    expect(texts(3000)).toEqual(Array(2).fill('220000000104000000ef010101'));
    host.ip.removeDevice(world.now, eth.ifindex);
    leaveAll(host.ip, world.now, inet);
    expect(world.pending).toBe(0);
  });
});

describe('version 3 queries (RFC 3376 §5.2), as Linux 6.18 answered them', () => {
  beforeEach(() => {
    join(host.ip, world.now, inet, on('239.1.1.1'));
    addSource(host.ip, world.now, inet, from('239.1.1.1', '9.9.9.3'), MCAST_EXCLUDE);
    join(host.ip, world.now, inet, on('232.1.1.1'), MCAST_INCLUDE);
    for (const one of ['9.9.9.1', '9.9.9.2'])
      addSource(host.ip, world.now, inet, from('232.1.1.1', one), MCAST_INCLUDE);
    world.run(world.now + 5 * SECOND);
    start = world.now;
  });

  it.each<[string, string, string, string[]]>([
    ['all groups', '00000000', '', ['220000000202000001ef0101010909090301000002e80101010909090109090902']],
    ['a group', 'ef010101', '', ['220000000102000001ef01010109090903']],
    ['sources that are included', 'e8010101', '0909090109090907', ['220000000101000001e801010109090901']],
    [
      'sources of which one is wanted',
      'ef010101',
      '0909090309090907',
      ['220000000102000001ef01010109090903'],
    ],
    ['sources that are not wanted', 'ef010101', '09090903', []],
    ['sources that are not included', 'e8010101', '09090907', []],
    ['a group we are not in', 'ef010102', '', []],
    ['all groups, with sources: no querier says so', '00000000', '09090907', []],
  ])('about %s', (_, group, sources, expected) => {
    v3Query('0a', group, sources);
    expect(texts(1100)).toEqual(expected);
    expect(texts(20_000)).toEqual([]);
  });

  it('are answered within the time they give', () => {
    host.randoms.push(999 * MS, 1 * MS);
    v3Query('0a', '00000000');
    v3Query('0a', 'ef010101');
    expect(reports(1100).map(([at]) => at)).toEqual([3, 1001]);
    host.randoms.push(700 * MS);
    start = world.now;
    v3Query('ff', '00000000'); // 31744 tenths of a second
    expect(reports(1000).map(([at]) => at)).toEqual([702]);
  });

  it('an answer that is due sooner stays, a later one is brought forward', () => {
    host.randoms.push(500 * MS, 900 * MS, 100 * MS);
    for (let i = 0; i < 3; i++) v3Query('0a', '00000000');
    expect(reports(1100).map(([at]) => at)).toEqual([102]);
  });

  it('sources add up, and the whole group wins', () => {
    host.randoms.push(900 * MS);
    v3Query('0a', 'e8010101', '09090901');
    v3Query('0a', 'e8010101', '09090902');
    expect(texts(1100)).toEqual(['220000000101000002e80101010909090109090902']);
    host.randoms.push(900 * MS);
    v3Query('0a', 'e8010101', '09090901');
    v3Query('0a', 'e8010101');
    v3Query('0a', 'e8010101', '09090902');
    expect(texts(1100)).toEqual(['220000000101000002e80101010909090109090902']);
  });

  it('tell robustness and interval', () => {
    v3Query('0a', '00000000', '', '05', '14');
    const { igmp } = host.ip.devices.get(eth.ifindex)!;
    expect(igmp).toMatchObject({ robustness: 5, queryInterval: 20 * SECOND, responseInterval: 10 * SECOND });
    v3Query('0a', '00000000', '', '00', '00');
    expect(igmp).toMatchObject({ robustness: 0, queryInterval: 125 * SECOND });
    v3Query('0a', '00000000', '', '02', '05');
    expect(igmp).toMatchObject({ queryInterval: 5 * SECOND, responseInterval: 4 * SECOND });
  });
});

describe('older queriers (RFC 3376 §7.2.1)', () => {
  it('of version 2 are answered one group at a time', () => {
    join(host.ip, world.now, inet, on('239.1.1.7'));
    join(host.ip, world.now, inet, on('224.0.0.9'));
    texts(3000);
    query(hex`110a0000 00000000`);
    const sent = reports(1500);
    expect(sent.map(([, to, text]) => `${to} ${text}`).sort()).toEqual([
      '224.0.0.9 160009f6e0000009',
      '239.1.1.7 1600f9f6ef010107',
    ]);
  });

  it('of version 2 hear joins and leaves so', () => {
    query(hex`110a0000 00000000`);
    host.randoms.push(0, 6500 * MS);
    start = world.now;
    join(host.ip, world.now, inet, on('239.2.2.2'));
    expect(reports(11_000)).toEqual([
      [2, '239.2.2.2', '1600f8faef020202'],
      [6504, '239.2.2.2', '1600f8faef020202'],
    ]);
    start = world.now;
    const { length } = host.output;
    leave(host.ip, world.now, inet, on('239.2.2.2'));
    expect(
      host.output.slice(length).map(({ nexthop, bytes }) => [formatAddress(nexthop), toHex(bytes.slice(24))]),
    ).toEqual([['224.0.0.2', '1700f7faef020202']]);
  });

  it('of version 2 hear no leave from who did not report last', () => {
    query(hex`110a0000 00000000`);
    join(host.ip, world.now, inet, on('239.2.2.2'));
    query(hex`16000000 ef020202`, '239.2.2.2');
    expect(reports(11_000)).toEqual([]);
    leave(host.ip, world.now, inet, on('239.2.2.2'));
    expect(host.output).toEqual([]);
  });

  it('a report that comes in a unicast frame, or is our own, suppresses nothing', () => {
    query(hex`110a0000 00000000`);
    join(host.ip, world.now, inet, on('239.2.2.2'));
    query(hex`16000000 ef020202`, '239.2.2.2', 0);
    expect(reports(11_000)).toHaveLength(2); // the first is heard by ourselves, too
  });

  it('of version 1 hear no leave', () => {
    join(host.ip, world.now, inet, on('239.1.1.7'));
    texts(3000);
    query(hex`11000000 00000000`);
    expect(reports(10_100).map(([, to, text]) => `${to} ${text}`)).toEqual(['239.1.1.7 1200fdf6ef010107']);
    leave(host.ip, world.now, inet, on('239.1.1.7'));
    expect(reports(1000)).toEqual([]);
  });

  it('are believed until robustness times their interval and a response are over', () => {
    query(hex`110a0000 00000000`);
    world.run(world.now + 259 * SECOND);
    join(host.ip, world.now, inet, on('239.1.1.1'));
    expect(texts(30_000)[0]?.slice(0, 2)).toBe('16');
    join(host.ip, world.now, inet, on('239.1.1.2'));
    expect(texts(3000)[0]?.slice(0, 2)).toBe('22');
  });

  it('make a version 3 query one of theirs', () => {
    join(host.ip, world.now, inet, on('239.1.1.1'));
    texts(3000);
    query(hex`110a0000 00000000`);
    texts(2000);
    v3Query('0a', '00000000');
    expect(texts(1100)).toEqual(['16ef010101']);
    sound();
  });

  it('drop what was to be told in version 3', () => {
    join(host.ip, world.now, inet, on('239.1.1.1'));
    query(hex`110a0000 00000000`);
    expect(texts(3000)).toEqual(['16ef010101']);
  });

  it.each([
    [1, '12'],
    [2, '16'],
    [3, '22'],
  ])('force_igmp_version %i speaks %s', (version, type) => {
    host.conf('eth0').force_igmp_version = version;
    join(host.ip, world.now, inet, on('239.1.1.1'));
    expect(texts(30_000).map((text) => text.slice(0, 2))).toEqual([type, type]);
    query(hex`110a0000 00000000`);
    expect(texts(30_000).map((text) => text.slice(0, 2))).toEqual(
      [version === 3 ? '22' : type].filter(() => true),
    );
  });
});

describe('many groups', () => {
  it('are told in as many reports as they need (RFC 3376 §4.2.16)', () => {
    host.sysctl.igmp_max_memberships = 1000;
    for (let i = 0; i < 300; i++) join(host.ip, world.now, inet, on(`239.1.${i >> 8}.${i & 255}`));
    world.run(world.now + 5 * SECOND);
    host.output.length = 0;
    v3Query('0a', '00000000');
    world.run(world.now + 2 * SECOND);
    expect(host.output.map(({ bytes }) => bytes.length)).toEqual([1496, 968]);
    expect(host.output.map(({ bytes }) => viewOf(bytes).getUint16(24 + 6))).toEqual([183, 117]);
  });

  it('a record of many sources is split where it includes, and cut where it excludes', () => {
    host.sysctl.igmp_max_msf = 1000;
    const sources = Array.from({ length: 400 }, (_, i) => ip4('9.0.0.0') + i);
    join(host.ip, world.now, inet, on('239.1.1.1'));
    join(host.ip, world.now, inet, on('232.1.1.1'), MCAST_INCLUDE);
    setFilter(host.ip, world.now, inet, { ...on('239.1.1.1'), mode: MCAST_EXCLUDE, sources });
    setFilter(host.ip, world.now, inet, { ...on('232.1.1.1'), mode: MCAST_INCLUDE, sources });
    world.run(world.now + 5 * SECOND);
    host.output.length = 0;
    v3Query('0a', '00000000');
    world.run(world.now + 2 * SECOND);
    const counts = host.output.map(({ bytes }) => viewOf(bytes).getUint16(24 + 8 + 2));
    expect(counts).toEqual([365, 365, 35]);
  });
});

it.each([20, 44, 68])('a link of %i bytes ends no report in a loop', (mtu) => {
  eth.mtu = mtu;
  join(host.ip, world.now, inet, on('239.1.1.1'));
  const sources = Array.from({ length: 9 }, (_, i) => ip4('9.0.0.0') + i);
  setFilter(host.ip, world.now, inet, { ...on('239.1.1.1'), mode: MCAST_INCLUDE, sources });
  world.run(world.now + 3 * SECOND);
  // 24 bytes of header, 8 of report, 8 of record leave room for seven sources
  if (mtu === 68) expect(host.output.map(({ bytes }) => bytes.length)).toEqual([68, 48, 68, 48]);
});

describe('bytes', () => {
  it.each([
    ['fewer than eight', hex`110a0000`],
    ['nine, which is no version', hex`110a0000 00000000 00`],
    ['with a wrong checksum', hex`110a0102 00000000`],
    ['with fewer sources than they say', hex`110a0000 ef010101 027d0002 09090901`],
  ])('%s are dropped', (what, bytes) => {
    join(host.ip, world.now, inet, on('239.1.1.1'));
    texts(3000);
    if (what.includes('checksum')) {
      host.inject(packet({ saddr: '10.0.0.9', daddr: '224.0.0.1', protocol: 2 }, bytes), eth.ifindex, 2);
    } else query(bytes);
    expect(host.drops).toEqual(['NOT_SPECIFIED']);
    expect(texts(3000)).toEqual([]);
  });

  it('any at all never throw', () => {
    join(host.ip, world.now, inet, on('239.1.1.1'));
    fc.assert(
      fc.property(
        fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22, 0x99),
        fc.constantFrom(hex`00000000`, hex`ef010101`, hex`e0000001`),
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(255),
        (type, group, rest, code) => {
          query(hex`${Uint8Array.of(type, code)}0000 ${group} ${rest}`);
          world.run(world.now + SECOND);
        },
      ),
    );
  });

  it.each([
    [0, 0],
    [127, 127],
    [128, 128],
    [0x8f, 248],
    [0xff, 31_744],
  ])('a code of %i is a time of %i (RFC 3376 §4.1.1)', (code, time) => {
    expect(decodeTime(code)).toBe(time);
  });
});

describe('what a socket hears', () => {
  const hears = (source: string, group = '239.1.1.1', ifindex = eth.ifindex): boolean =>
    allowsSource(inet, ip4(group), ip4(source), ifindex);

  it('of unicast all, of groups it is not in what others joined, by IP_MULTICAST_ALL', () => {
    expect(hears('9.9.9.9', '10.0.0.1')).toBe(true);
    expect(hears('9.9.9.9')).toBe(true);
    inet.mcAll = false;
    expect(hears('9.9.9.9')).toBe(false);
  });

  it('of its groups what its filter lets through', () => {
    inet.mcAll = false;
    join(host.ip, world.now, inet, on('239.1.1.1'));
    expect([hears('9.9.9.1'), hears('9.9.9.1', '239.1.1.1', 77)]).toEqual([true, false]);
    addSource(host.ip, world.now, inet, from('239.1.1.1', '9.9.9.1'), MCAST_EXCLUDE);
    expect([hears('9.9.9.1'), hears('9.9.9.2')]).toEqual([false, true]);
    setFilter(host.ip, world.now, inet, {
      ...on('239.1.1.1'),
      mode: MCAST_INCLUDE,
      sources: [ip4('9.9.9.1')],
    });
    expect([hears('9.9.9.1'), hears('9.9.9.2')]).toEqual([true, false]);
  });

  it('the device takes what one of the sockets wants', () => {
    join(host.ip, world.now, inet, on('232.1.1.1'), MCAST_INCLUDE);
    addSource(host.ip, world.now, inet, from('232.1.1.1', '10.0.0.7'), MCAST_INCLUDE);
    for (const saddr of ['10.0.0.7', '10.0.0.8']) {
      host.inject(packet({ saddr, daddr: '232.1.1.1' }, hex`01`), eth.ifindex, 2);
    }
    expect(host.delivered.map(({ header }) => formatAddress(header.saddr))).toEqual(['10.0.0.7']);
  });

  it('the state of a group is what its joins add up to', () => {
    const operation = fc.record({
      sock: fc.nat(2),
      mode: fc.constantFrom(MCAST_INCLUDE, MCAST_EXCLUDE),
      sources: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const sockets = [0, 1, 2].map(() => host.ip.inet());
        for (const { sock, mode, sources } of operations) {
          const one = sockets[sock]!;
          if (one.memberships === undefined || one.memberships.length === 0)
            join(host.ip, world.now, one, on('239.3.3.3'));
          setFilter(host.ip, world.now, one, { ...on('239.3.3.3'), mode, sources });
        }
        const joined = sockets.flatMap((one) => one.memberships ?? []);
        const group = host.ip.devices.get(eth.ifindex)!.groups.get(ip4('239.3.3.3'));
        if (joined.length === 0) expect(group).toBeUndefined();
        else {
          const excluding = joined.filter(({ mode }) => mode === MCAST_EXCLUDE);
          const state = filterState(group!);
          // RFC 3376 §3.2: a source is wanted where one join lets it through.
          for (let source = 0; source <= 6; source++) {
            const wanted = joined.some((one) => one.sources.has(source) === (one.mode === MCAST_INCLUDE));
            expect(state.sources.has(source) === (state.mode === MCAST_INCLUDE)).toBe(wanted);
          }
          expect(state.mode).toBe(excluding.length > 0 ? MCAST_EXCLUDE : MCAST_INCLUDE);
        }
        for (const one of sockets) leaveAll(host.ip, world.now, one);
        expect(host.ip.devices.get(eth.ifindex)!.groups.size).toBe(1);
        world.run(world.now + 10 * SECOND);
        expect(host.ip.devices.get(eth.ifindex)!.leaving.size).toBe(0);
      }),
    );
  });
});
