import { describe, expect, it } from 'vitest';
import { connected, type FakeStream, start } from './fixture.ts';
import * as s from './index.ts';
import { invert } from './names.ts';

function stream() {
  const { kernel, sockets } = start();
  const socket = sockets.socket(s.AF_INET, s.SOCK_STREAM);
  return { kernel, sockets, socket, proto: kernel.made as FakeStream };
}

/** What is set, what is read then; or the error. As Linux 6.18 answers, observed. */
const rows: [name: string, option: number, value: s.OptionData, expected: s.OptionData][] = [
  ['SO_SNDBUF doubles', s.SO_SNDBUF, 10_000, 20_000],
  ['SO_SNDBUF has a least value', s.SO_SNDBUF, 1, 4608],
  ['SO_SNDBUF has a largest value', s.SO_SNDBUF, 10_000_000, 425_984],
  ['SO_SNDBUF takes a negative size for a large one', s.SO_SNDBUF, -1, 425_984],
  ['SO_RCVBUF doubles', s.SO_RCVBUF, 10_000, 20_000],
  ['SO_RCVBUF has a least value', s.SO_RCVBUF, 1, 2304],
  ['SO_RCVBUF has a largest value', s.SO_RCVBUF, 10_000_000, 425_984],
  ['SO_REUSEADDR is 1 for anything', s.SO_REUSEADDR, 7, 1],
  ['SO_REUSEPORT', s.SO_REUSEPORT, 1, 1],
  ['SO_KEEPALIVE', s.SO_KEEPALIVE, 1, 1],
  ['SO_BROADCAST', s.SO_BROADCAST, -1, 1],
  ['SO_PRIORITY', s.SO_PRIORITY, 6, 6],
  ['SO_MARK is unsigned', s.SO_MARK, 0xffff_fff0, 0xffff_fff0],
  ['SO_MAX_PACING_RATE', s.SO_MAX_PACING_RATE, 125_000, 125_000],
  ['SO_MAX_PACING_RATE takes 64 bits, and is read as 32', s.SO_MAX_PACING_RATE, 2 ** 40, 0xffff_ffff],
  ['SO_MAX_PACING_RATE of -1 is none', s.SO_MAX_PACING_RATE, -1, 0xffff_ffff],
  ['SO_RCVLOWAT is 1 for 0', s.SO_RCVLOWAT, 0, 1],
  ['SO_RCVLOWAT is everything for a negative', s.SO_RCVLOWAT, -5, 0x7fff_ffff],
  ['SO_LINGER', s.SO_LINGER, { onoff: true, linger: 5 }, { onoff: 1, linger: 5 }],
  ['SO_LINGER off', s.SO_LINGER, { onoff: 0, linger: 5 }, { onoff: 0, linger: 0 }],
  ['SO_LINGER for ever', s.SO_LINGER, { onoff: 1, linger: -1 }, { onoff: 1, linger: 0x7fff_ffff }],
  ['SO_RCVTIMEO', s.SO_RCVTIMEO, { sec: 2, usec: 5 }, { sec: 2, usec: 5 }],
  ['SO_SNDTIMEO in milliseconds', s.SO_SNDTIMEO, 1500.5, { sec: 1, usec: 500_500 }],
  ['SO_SNDTIMEO of 0 is for ever', s.SO_SNDTIMEO, 0, { sec: 0, usec: 0 }],
  ['SO_BINDTODEVICE', s.SO_BINDTODEVICE, 'eth0', 'eth0'],
  ['SO_BINDTODEVICE of nothing', s.SO_BINDTODEVICE, '', ''],
  ['SO_BINDTOIFINDEX', s.SO_BINDTOIFINDEX, 1, 1],
  ['SO_TIMESTAMP', s.SO_TIMESTAMP, 1, 1],
  ['SO_TIMESTAMPNS', s.SO_TIMESTAMPNS, 1, 1],
  ['SO_ZEROCOPY', s.SO_ZEROCOPY, 1, 1],
  ['SO_BUF_LOCK', s.SO_BUF_LOCK, 3, 3],
];

const refusals: [name: string, option: number, value: s.OptionData, code: string][] = [
  ['an unknown option', 777, 1, 'ENOPROTOOPT'],
  ['SO_TYPE', s.SO_TYPE, 1, 'ENOPROTOOPT'],
  ['SO_ERROR', s.SO_ERROR, 1, 'ENOPROTOOPT'],
  ['SO_PROTOCOL', s.SO_PROTOCOL, 1, 'ENOPROTOOPT'],
  ['SO_DOMAIN', s.SO_DOMAIN, 1, 'ENOPROTOOPT'],
  ['SO_ACCEPTCONN', s.SO_ACCEPTCONN, 1, 'ENOPROTOOPT'],
  ['SO_SNDLOWAT', s.SO_SNDLOWAT, 1, 'ENOPROTOOPT'],
  ['microseconds of a second and more', s.SO_RCVTIMEO, { sec: 0, usec: 1_000_000 }, 'EDOM'],
  ['negative microseconds', s.SO_SNDTIMEO, { sec: 0, usec: -1 }, 'EDOM'],
  ['a timeval of something else', s.SO_SNDTIMEO, { sec: 'x' }, 'EINVAL'],
  ['milliseconds that are none', s.SO_RCVTIMEO, Number.NaN, 'EINVAL'],
  ['a device that is not there', s.SO_BINDTODEVICE, 'eth9', 'ENODEV'],
  ['a number for a name', s.SO_BINDTODEVICE, 1, 'EINVAL'],
  ['a negative index', s.SO_BINDTOIFINDEX, -1, 'EINVAL'],
  ['half a number', s.SO_SNDBUF, 0.5, 'EINVAL'],
  ['half a byte a second', s.SO_MAX_PACING_RATE, 0.5, 'EINVAL'],
  ['a number beyond 32 bits', s.SO_SNDBUF, 2 ** 33, 'EINVAL'],
  ['text for a number', s.SO_REUSEADDR, 'yes', 'EINVAL'],
  ['a number for a linger', s.SO_LINGER, 5, 'EINVAL'],
  ['half a linger', s.SO_LINGER, { onoff: 1 }, 'EINVAL'],
  ['SO_ZEROCOPY of 2', s.SO_ZEROCOPY, 2, 'EINVAL'],
  ['unknown locks', s.SO_BUF_LOCK, 4, 'EINVAL'],
];

describe('SOL_SOCKET', () => {
  it.each(rows)('%s', (_, option, value, expected) => {
    const { socket, proto } = stream();
    socket.setsockopt(s.SOL_SOCKET, option, value);
    expect(socket.getsockopt(s.SOL_SOCKET, option)).toEqual(expected);
    expect(proto.set).toHaveLength(1);
  });

  it.each(refusals)('refuses %s', (_, option, value, code) => {
    const { socket, proto } = stream();
    expect(() => socket.setsockopt(s.SOL_SOCKET, option, value)).toThrow(`setsockopt ${code}`);
    expect(proto.set).toEqual([]);
  });

  it('tells what cannot be set', () => {
    const { socket, proto } = stream();
    const read = (option: number) => socket.getsockopt(s.SOL_SOCKET, option);
    expect([s.SO_DOMAIN, s.SO_TYPE, s.SO_PROTOCOL, s.SO_ACCEPTCONN, s.SO_SNDLOWAT].map(read)).toEqual([
      2, 1, 6, 0, 1,
    ]);
    socket.listen();
    expect(read(s.SO_ACCEPTCONN)).toBe(1);
    proto.sk.err = 'EHOSTUNREACH';
    expect(read(s.SO_ERROR)).toBe(113);
    expect(read(s.SO_ERROR)).toBe(0);
    const sk: { err: string; errSoft?: string } = proto.sk;
    sk.err = 'ECONNRESET';
    sk.errSoft = 'EHOSTUNREACH'; // what ended nothing is told where there is no other, and once
    expect([read(s.SO_ERROR), read(s.SO_ERROR), read(s.SO_ERROR)]).toEqual([104, 113, 0]);
    expect(() => read(777)).toThrow('getsockopt ENOPROTOOPT');
  });

  it('locks the sizes that were set', () => {
    const { socket, proto } = stream();
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_BUF_LOCK)).toBe(0);
    socket.setsockopt(s.SOL_SOCKET, s.SO_RCVBUF, 5000);
    expect(proto.sk.userlocks).toBe(s.SOCK_RCVBUF_LOCK);
    socket.setsockopt(s.SOL_SOCKET, s.SO_SNDBUF, 5000);
    expect(proto.sk.userlocks).toBe(s.SOCK_RCVBUF_LOCK | s.SOCK_SNDBUF_LOCK);
  });

  it('goes beyond the sysctls with CAP_NET_ADMIN alone', () => {
    const { kernel, socket } = stream();
    socket.setsockopt(s.SOL_SOCKET, s.SO_SNDBUFFORCE, 10_000_000);
    socket.setsockopt(s.SOL_SOCKET, s.SO_RCVBUFFORCE, -1);
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_SNDBUF)).toBe(20_000_000);
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_RCVBUF)).toBe(2304);
    kernel.capabilities = ['CAP_NET_RAW'];
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_SNDBUFFORCE, 1)).toThrow('EPERM');
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_RCVBUFFORCE, 1)).toThrow('EPERM');
  });

  it('asks for rights where Linux does', () => {
    const { kernel, socket } = stream();
    kernel.capabilities = [];
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_MARK, 1)).toThrow('EPERM');
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_PRIORITY, 7)).toThrow('EPERM');
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_PRIORITY, -1)).toThrow('EPERM');
    socket.setsockopt(s.SOL_SOCKET, s.SO_PRIORITY, 6);
    socket.setsockopt(s.SOL_SOCKET, s.SO_BINDTODEVICE, 'lo');
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_BINDTODEVICE, '')).toThrow('EPERM');
  });

  it('takes booleans, and asks the protocol for what it does not know itself', () => {
    const { socket, proto } = stream();
    socket.setsockopt(s.SOL_SOCKET, s.SO_OOBINLINE, true);
    expect(proto.options.get('SO_OOBINLINE')).toBe(1);
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_OOBINLINE)).toBe(1);
    expect(proto.set).toEqual([]);
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_NO_CHECK, 1)).toThrow('ENOPROTOOPT');
  });

  it('SO_TIMESTAMPING takes what Linux takes, and asks a stream what its numbers count from', async () => {
    const { socket, proto } = stream();
    const set = (flags: number | { flags: number; bindPhc: number }) => () =>
      socket.setsockopt(s.SOL_SOCKET, s.SO_TIMESTAMPING, flags);
    expect(set(1 << 19)).toThrow('EINVAL');
    expect(set(s.SOF_TIMESTAMPING_OPT_ID_TCP)).toThrow('EINVAL'); // without OPT_ID
    expect(set(s.SOF_TIMESTAMPING_OPT_STATS)).toThrow('EINVAL'); // without OPT_TSONLY
    expect(set(s.SOF_TIMESTAMPING_OPT_ID)).toThrow('EINVAL'); // not connected: there are no bytes to count
    expect(set({ flags: s.SOF_TIMESTAMPING_BIND_PHC, bindPhc: 1 })).toThrow('EOPNOTSUPP');
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_TIMESTAMPING)).toBe(0);
    set({ flags: s.SOF_TIMESTAMPING_SOFTWARE, bindPhc: 0 })();
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_TIMESTAMPING)).toBe(16);
    proto.phase = () => 'connected';
    Object.assign(proto, { timestampBase: (flags: number) => flags + 1 });
    set(s.SOF_TIMESTAMPING_OPT_ID)();
    expect(proto.sk.timestamping).toEqual({ flags: 128, next: 0, base: 129 });
    set(s.SOF_TIMESTAMPING_OPT_ID | s.SOF_TIMESTAMPING_SOFTWARE)(); // it counts on
    expect(proto.sk.timestamping).toEqual({ flags: 144, next: 0, base: 129 });
  });

  it('one of SO_TIMESTAMP and SO_TIMESTAMPNS holds', () => {
    const { socket, proto } = stream();
    socket.setsockopt(s.SOL_SOCKET, s.SO_TIMESTAMPNS, true);
    expect(socket.getsockopt(s.SOL_SOCKET, s.SO_TIMESTAMP)).toBe(0);
    expect(proto.sk.timestamp).toBe(s.SO_TIMESTAMPNS);
    socket.setsockopt(s.SOL_SOCKET, s.SO_TIMESTAMPNS, false);
    expect(proto.sk.timestamp).toBe(0);
  });
});

describe('other levels', () => {
  it('are the protocol’s, by Linux’s names', () => {
    const { socket, proto } = stream();
    socket.setsockopt(s.SOL_TCP, s.TCP_NODELAY, true);
    socket.setsockopt(s.SOL_TCP, s.TCP_CONGESTION, 'reno');
    socket.setsockopt(s.SOL_IP, s.IP_RECVORIGDSTADDR, 1);
    socket.setsockopt(s.SOL_IP, s.IP_ADD_MEMBERSHIP, { multiaddr: '224.0.0.7' });
    expect([...proto.options.keys()]).toEqual([
      'TCP_NODELAY',
      'TCP_CONGESTION',
      'IP_RECVORIGDSTADDR',
      'IP_ADD_MEMBERSHIP',
    ]);
    const nodelay: number = socket.getsockopt(s.SOL_TCP, s.TCP_NODELAY);
    const congestion: string = socket.getsockopt(s.SOL_TCP, s.TCP_CONGESTION);
    expect([nodelay, congestion]).toEqual([1, 'reno']);
    expect(() => socket.setsockopt(s.SOL_TCP, 99, 1)).toThrow('ENOPROTOOPT');
    expect(() => socket.setsockopt(77, 1, 1)).toThrow('ENOPROTOOPT');
    expect(() => socket.getsockopt(s.SOL_TCP, 99)).toThrow('ENOPROTOOPT');
    expect(() => socket.getsockopt(77, 1)).toThrow('EOPNOTSUPP');
  });

  it.each([
    [s.SOL_SOCKET, s.SO_LINGER, 'SO_LINGER'],
    [s.SOL_IP, s.IP_TOS, 'IP_TOS'],
    [s.SOL_IP, s.IP_TTL, 'IP_TTL'],
    [s.SOL_IP, 20, 'IP_RECVORIGDSTADDR'],
    [s.SOL_TCP, s.TCP_INFO, 'TCP_INFO'],
    [s.SOL_UDP, s.UDP_SEGMENT, 'UDP_SEGMENT'],
    [s.SOL_UDP, s.UDP_CORK, 'UDP_CORK'],
    [s.SOL_PACKET, s.PACKET_STATISTICS, 'PACKET_STATISTICS'],
    [s.SOL_PACKET, 0, undefined],
    [s.SOL_RAW, s.ICMP_FILTER, 'ICMP_FILTER'],
    [s.SOL_IP, 0, undefined],
    [99, 1, undefined],
  ])('level %i option %i is %s', (level, option, name) => {
    expect(s.optionName(level, option)).toBe(name);
  });

  it('have their names in the order of the numbers, whatever the order of the constants', () => {
    const names = invert({ MSG_B: 4, MSG_Z: 1, OTHER: 2, MSG_A: 2, MSG_AGAIN: 4 }, 'MSG_');
    expect([...names]).toEqual([
      [1, 'MSG_Z'],
      [2, 'MSG_A'],
      [4, 'MSG_B'],
    ]);
  });

  it('fail with the kernel left as it was entered', () => {
    const { kernel, socket } = connected();
    expect(() => socket.setsockopt(s.SOL_SOCKET, s.SO_NO_CHECK, 1)).toThrow();
    expect(kernel.depth).toBe(0);
  });
});
