import type { Frame } from '@stack/nic-sim';
import {
  AF_INET,
  MSG_FASTOPEN,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_AO_ADD_KEY,
  TCP_AO_DEL_KEY,
  TCP_AO_GET_KEYS,
  TCP_AO_INFO,
  TCP_AO_KEYF_EXCLUDE_OPT,
  TCP_AO_KEYF_IFINDEX,
  TCP_INFO,
  TCP_MD5SIG,
  TCP_SYNCNT,
  type TcpAoAdd,
} from '@stack/socket';
import * as tcp from '@stack/tcp';
import type { MacAlgorithm, TcpSock } from '@stack/tcp/engine';
import { describe, expect, it } from 'vitest';
import { type Lan, type LanOptions, lan, pattern, routed } from './fixture.ts';
import { Outside } from './hostile/peer.fixture.ts';
import { mac } from './mac.ts';
import { marking } from './marking.fixture.ts';
import {
  type Client,
  countersOf,
  dropsOf,
  hasSack,
  keyBytes,
  open,
  type Seen,
  segmentsOf,
  serve,
} from './signed.fixture.ts';

const A = '192.168.1.10';
const B = '192.168.1.100';
const KEY = keyBytes('testvector');
const ALGORITHMS = ['hmac(sha1)', 'cmac(aes128)', 'hmac(sha256)'];

const signed = (options: LanOptions = {}): Lan => lan({ mac, delay: 1000, ...options });
const keyFor = (addr: string, part: Partial<TcpAoAdd> = {}): TcpAoAdd => ({
  addr,
  prefix: 32,
  sndid: 100,
  rcvid: 100,
  algName: 'hmac(sha1)',
  key: KEY.slice(),
  ...part,
});
const addKey = (socket: Socket, addr: string, part?: Partial<TcpAoAdd>) =>
  socket.setsockopt(SOL_TCP, TCP_AO_ADD_KEY, keyFor(addr, part));
const aoOf = ({ options }: Seen) =>
  options.find((option): option is tcp.Ao => option.kind === tcp.TCPOPT_AO) as tcp.Ao;
const code = (name: string) => expect.objectContaining({ code: name });
const skOf = (socket: Socket) => socket.core.proto.sk as TcpSock;

/** A client and a server that have the same key, each by the other's address. */
function pair(
  network: Lan,
  part: Partial<TcpAoAdd> = {},
): { client: Client; server: ReturnType<typeof serve> } {
  const server = serve(network.b, (socket) => addKey(socket, A, part));
  return { client: open(network.a, (socket) => addKey(socket, B, part)), server };
}

describe('TCP-AO', () => {
  it.each(
    ALGORITHMS.flatMap((algName) => [
      { algName, maclen: 12, keyflags: 0 },
      { algName, maclen: 16, keyflags: TCP_AO_KEYF_EXCLUDE_OPT },
      { algName, maclen: 9, keyflags: 0 },
    ]),
  )('signs every segment with $algName, $maclen bytes, flags $keyflags', async (part) => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const { client, server } = pair(network, part);
    const sent = pattern(60_000, 1);
    expect(await network.clock.run(client.exchange(sent))).toEqual(sent);
    await network.clock.run(server.close());
    await network.clock.runFor(90_000_000);
    expect(seen.length).toBeGreaterThan(60);
    for (const segment of seen) expect(aoOf(segment).mac.length).toBe(part.maclen);
    for (const host of [network.a, network.b]) {
      expect(dropsOf(host)).toEqual({});
      expect(host.nstat().TcpExtTCPAOGood).toBeGreaterThan(30);
    }
  });

  it.each([1, 2, 3])('survives loss, reordering and corruption (seed %i)', async (seed) => {
    const network = signed({
      seed,
      loss: 0.03,
      reorder: 0.05,
      reorderDelay: 3000,
      duplicate: 0.01,
      corrupt: 0.01,
    });
    const { client } = pair(network, { algName: ALGORITHMS[seed % 3] as string });
    const sent = pattern(200_000, seed);
    expect(await network.clock.run(client.exchange(sent))).toEqual(sent);
    for (const host of [network.a, network.b]) {
      expect(host.nstat()).toMatchObject({ TcpExtTCPAOBad: 0, TcpExtTCPAORequired: 0 });
    }
  });

  it('agrees on SACK or timestamps, not on both, and fast open knows', async () => {
    const fastopen = { 'net.ipv4.tcp_fastopen': 0x607 }; // both sides, without cookies, for all listeners
    const network = signed({ sysctl: fastopen });
    const seen = segmentsOf(network.wire);
    const server = serve(network.b, (socket) => addKey(socket, A));
    const socket = network.a.socket(AF_INET, SOCK_STREAM);
    addKey(socket, B);
    const dialogue = async (): Promise<void> => {
      await socket.sendto('fast', { address: B, port: 179 }, MSG_FASTOPEN);
      expect(await socket.recv(10)).toHaveLength(4);
      await socket.close();
    };
    await network.clock.run(dialogue());
    await network.clock.run(server.accepted);
    expect([network.b.nstat().TcpExtTCPFastOpenPassive, seen[0]?.length]).toEqual([1, 4]);
    const kinds = seen.slice(1).flatMap(({ options }) => options.map(({ kind }) => kind));
    expect(kinds).toContain(tcp.TCPOPT_SACK_PERM);
    expect(kinds).not.toContain(tcp.TCPOPT_TIMESTAMP);
  });

  it('is not what four bytes at the end of a SYN look like', async () => {
    const outside = new Outside({}, { mac });
    const options = Uint8Array.of(tcp.TCPOPT_AO, 4, 1, 2); // no room for a code
    outside.send(4000, { seq: 1, ack: 0, flags: tcp.SYN, window: 1000, options });
    expect((await outside.spent(0.5)).packets).toBe(1);
  });

  it('extends sequence numbers over their wraps, both ways, with losses at them', async () => {
    const network = signed({ loss: 0.05, seed: 4 });
    // Both sides begin just below the end of the space.
    const near = (host: Lan['a'], isn: number) => {
      host.tcp.secure.seq = () => isn;
    };
    near(network.a, -20_000);
    near(network.b, -50_000);
    const { client, server } = pair(network);
    await network.clock.run(client.echo(100_000));
    const ours = skOf(client.socket).auth?.ao;
    const theirs = skOf((await network.clock.run(server.accepted)) as Socket).auth?.ao;
    expect([ours?.sndSne, ours?.rcvSne, theirs?.sndSne, theirs?.rcvSne]).toEqual([1, 1, 1, 1]);
    for (const host of [network.a, network.b]) expect(host.nstat().TcpExtTCPAOBad).toBe(0);
  });

  it.each([
    ['a wrong key', { key: keyBytes('other') }, {}, 'TCP_AOFAILURE', 'TcpExtTCPAOBad'],
    ['another length', { maclen: 16 }, {}, 'TCP_AOFAILURE', 'TcpExtTCPAOBad'],
    ['another coverage', { keyflags: TCP_AO_KEYF_EXCLUDE_OPT }, {}, 'TCP_AOFAILURE', 'TcpExtTCPAOBad'],
    ['an unknown KeyID', { sndid: 7 }, {}, 'TCP_AOKEYNOTFOUND', 'TcpExtTCPAOKeyNotFound'],
    ['no key', undefined, {}, 'TCP_AONOTFOUND', 'TcpExtTCPAORequired'],
    ['a key for nobody', {}, undefined, 'TCP_AOUNEXPECTED', 'TcpExtTCPAOKeyNotFound'],
  ])('%s: the connection times out, without an answer', async (_, ours, theirs, reason, counter) => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const server = serve(network.b, (socket) => theirs !== undefined && addKey(socket, A, theirs));
    const client = open(network.a, (socket) => {
      if (ours !== undefined) addKey(socket, B, ours);
      socket.setsockopt(SOL_TCP, TCP_SYNCNT, 2);
    });
    await expect(network.clock.run(client.connect())).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.every(({ flags }) => flags === tcp.SYN)).toBe(true);
    expect(dropsOf(network.b)).toEqual({ [reason]: seen.length });
    expect(network.b.nstat()[counter]).toBe(seen.length);
    if (theirs === undefined) return;
    const info = server.listener.getsockopt(SOL_TCP, TCP_AO_INFO);
    const { pktAoRequired, pktBad, pktGood, pktKeyNotFound } = info;
    expect([pktGood, pktBad, pktKeyNotFound, pktAoRequired]).toEqual([
      0,
      ...['TCP_AOFAILURE', 'TCP_AOKEYNOTFOUND', 'TCP_AONOTFOUND'].map((name) =>
        name === reason ? seen.length : 0,
      ),
    ]);
    const [key] = server.listener.getsockopt(SOL_TCP, TCP_AO_GET_KEYS);
    expect(key).toMatchObject({ pktGood: 0, pktBad });
  });

  it('goes over to the key that the peer asks for', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const keys = (socket: Socket, addr: string, [first, second]: [number, number][]) => {
      addKey(socket, addr, {
        sndid: second?.[0] as number,
        rcvid: second?.[1] as number,
        key: keyBytes('two'),
      });
      addKey(socket, addr, { sndid: first?.[0] as number, rcvid: first?.[1] as number });
    };
    const server = serve(network.b, (socket) =>
      keys(socket, A, [
        [1, 2],
        [3, 4],
      ]),
    );
    const client = open(network.a, (socket) =>
      keys(socket, B, [
        [2, 1],
        [4, 3],
      ]),
    );
    await network.clock.run(client.echo(5000));
    const { socket } = client;
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    const ids = () => [socket, theirs].map((own) => own.getsockopt(SOL_TCP, TCP_AO_INFO));
    expect(ids()).toMatchObject([
      { current: 2, rnext: 1 },
      { current: 1, rnext: 2 },
    ]);
    // We ask: the peer signs with the second key from its next segment on.
    socket.setsockopt(SOL_TCP, TCP_AO_INFO, { rnext: 3 });
    await network.clock.run(client.echo(5000));
    expect(ids()).toMatchObject([
      { current: 2, rnext: 3 },
      { current: 3, rnext: 2 },
    ]);
    // And we go over ourselves, where it had not asked.
    socket.setsockopt(SOL_TCP, TCP_AO_INFO, { current: 4 });
    theirs.setsockopt(SOL_TCP, TCP_AO_INFO, { rnext: 4 });
    await network.clock.run(client.echo(5000));
    const used = (direction: string) =>
      new Set(seen.filter((s) => s.direction === direction).map((s) => aoOf(s).keyId));
    const [first, second] = [...new Set(seen.map(({ direction }) => direction))] as [string, string];
    expect([...used(first)]).toEqual([2, 4]);
    expect([...used(second)]).toEqual([1, 3]);
    // The first key is in use no more.
    for (const [own, addr, sndid, rcvid] of [
      [socket, B, 2, 1],
      [theirs, A, 1, 2],
    ] as const) {
      own.setsockopt(SOL_TCP, TCP_AO_DEL_KEY, { addr, prefix: 32, sndid, rcvid });
    }
    await network.clock.run(client.echo(5000));
    expect(dropsOf(network.a)).toEqual({});
    expect(dropsOf(network.b)).toEqual({});
  });

  it('reckons with longer codes when the key changes', async () => {
    const network = signed();
    const { client, server } = pair(network);
    await network.clock.run(client.echo(5000));
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    const longer = { sndid: 5, rcvid: 5, maclen: 16, setCurrent: true, setRnext: true };
    addKey(theirs, A, longer);
    addKey(client.socket, B, longer);
    await network.clock.run(client.echo(50_000));
    expect(skOf(client.socket).tcpHeaderLen).toBe(40);
    expect(dropsOf(network.a)).toEqual({});
    expect(dropsOf(network.b)).toEqual({});
  });

  it('reckons with them, too, when the peer asks for such a key', async () => {
    const network = signed();
    const { client, server } = pair(network);
    await network.clock.run(client.echo(5000));
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    addKey(theirs, A, { sndid: 5, rcvid: 5, maclen: 16 });
    addKey(client.socket, B, { sndid: 5, rcvid: 5, maclen: 16, setRnext: true });
    await network.clock.run(client.echo(50_000));
    expect([skOf(theirs).tcpHeaderLen, skOf(client.socket).tcpHeaderLen]).toEqual([40, 36]);
    expect(theirs.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ sndMss: 1500 - 20 - 40 });
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
  });

  it('signs segments as large as they come', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    for (const host of [network.a, network.b]) host.link.set('eth0', { mtu: 9000 });
    const { client } = pair(network);
    await network.clock.run(client.echo(50_000));
    expect(Math.max(...seen.map(({ length }) => length))).toBe(9000 - 20 - 36);
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
  });

  it('makes new keys for a socket that connects again', async () => {
    const network = signed();
    const { client } = pair(network);
    await network.clock.run(client.echo(10));
    await client.socket.connect({ family: 'unspec' });
    await network.clock.run(client.connect());
    await network.clock.run(client.socket.sendall(pattern(10, 1)));
    await network.clock.runFor(100_000);
    expect(client.socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ state: 1, unacked: 0 });
    for (const host of [network.a, network.b]) expect(host.nstat().TcpExtTCPAOBad).toBe(0);
  });

  it('keeps of the keys those for the peer, when it connects', async () => {
    const network = signed();
    const other = '192.168.1.101';
    serve(network.b, (socket) => {
      addKey(socket, A);
      socket.setsockopt(SOL_TCP, TCP_AO_INFO, { aoRequired: true, acceptIcmps: true });
    });
    const key = keyFor(B);
    const md5 = (addr: string, bytes: Uint8Array) => ({ addr, key: bytes });
    const client = open(network.a, (socket) => {
      addKey(socket, other, { sndid: 1, rcvid: 1 });
      socket.setsockopt(SOL_TCP, TCP_MD5SIG, md5('192.168.1.102', KEY));
      socket.setsockopt(SOL_TCP, TCP_AO_ADD_KEY, key);
      key.key.fill(0);
    });
    await network.clock.run(client.echo(10));
    const { socket } = client;
    const [only, ...more] = socket.getsockopt(SOL_TCP, TCP_AO_GET_KEYS);
    const { pktGood } = socket.getsockopt(SOL_TCP, TCP_AO_INFO);
    expect([only, more]).toEqual([expect.objectContaining({ addr: B, key: KEY, pktGood, pktBad: 0 }), []]);
    expect(pktGood).toBeGreaterThan(1);
    expect(() => socket.setsockopt(SOL_TCP, TCP_MD5SIG, md5('192.168.1.102', new Uint8Array(0)))).toThrow(
      code('ENOENT'),
    );
    expect(() => addKey(socket, other, { sndid: 1, rcvid: 1 })).toThrow(code('EINVAL'));
  });

  it('hands on what a listener requires and believes', async () => {
    const network = signed();
    const server = serve(network.b, (socket) => {
      addKey(socket, A);
      socket.setsockopt(SOL_TCP, TCP_AO_INFO, { aoRequired: true, acceptIcmps: true });
    });
    const client = open(network.a, (socket) => addKey(socket, B));
    await network.clock.run(client.echo(10));
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    const required = { aoRequired: true, acceptIcmps: true };
    expect(theirs.getsockopt(SOL_TCP, TCP_AO_INFO)).toMatchObject(required);
    theirs.setsockopt(SOL_TCP, TCP_AO_INFO, {});
    const none = { aoRequired: false, acceptIcmps: false, current: 100, rnext: 100 };
    expect(theirs.getsockopt(SOL_TCP, TCP_AO_INFO)).toMatchObject(none);
  });

  it('signs a RST with the key of the connection', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const { client, server } = pair(network);
    await network.clock.run(client.echo(10));
    client.socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
    await network.clock.run(client.socket.close());
    await expect(network.clock.run(server.failed)).resolves.toMatchObject({ code: 'ECONNRESET' });
    const last = seen.at(-1) as Seen;
    expect(last.flags & tcp.RST).not.toBe(0);
    expect(aoOf(last).keyId).toBe(100);
  });

  it('signs the RST that refuses data after a close, which is believed', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const { client, server } = pair(network);
    await network.clock.run(client.echo(10));
    const theirs = await network.clock.run(server.accepted);
    await network.clock.run(theirs.close());
    await network.clock.runFor(100_000);
    await network.clock.run(client.socket.sendall(pattern(10, 1)));
    await network.clock.runFor(100_000);
    const last = seen.at(-1) as Seen;
    expect(last.flags & tcp.RST).not.toBe(0);
    expect(aoOf(last).keyId).toBe(100);
    await expect(network.clock.run(client.socket.sendall(pattern(10, 1)))).rejects.toMatchObject({
      code: 'EPIPE',
    });
    expect(dropsOf(network.a)).not.toHaveProperty('TCP_AOFAILURE');
  });

  it('believes no RST without a signature', async () => {
    const network = signed();
    const { client, server } = pair(network);
    await network.clock.run(client.echo(10));
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    Object.assign(skOf(client.socket), { auth: undefined, tcpHeaderLen: tcp.HLEN });
    client.socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
    await network.clock.run(client.socket.close());
    await network.clock.runFor(1_000_000);
    expect(network.a.nstat().TcpOutRsts).toBe(1);
    expect(dropsOf(network.b)).toEqual({ TCP_AONOTFOUND: 1 });
    expect(network.b.nstat()).toMatchObject({ TcpExtTCPAORequired: 1, TcpEstabResets: 0 });
    expect(theirs.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ state: 1 });
  });

  it.each([
    [12, 1],
    [12, 0],
    [16, 1],
  ])('answers SYNs with cookies: %i bytes, tcp_timestamps %i', async (maclen, tcp_timestamps) => {
    const sysctl = { 'net.ipv4.tcp_syncookies': 2, 'net.ipv4.tcp_timestamps': tcp_timestamps };
    const network = signed({ sysctl });
    const seen = segmentsOf(network.wire);
    const ours = { sndid: 3, rcvid: 4, maclen };
    // The second key is the one that the client asks for.
    const server = serve(network.b, (socket) => {
      addKey(socket, A, { sndid: 4, rcvid: 3, maclen });
      addKey(socket, A, { sndid: 6, rcvid: 5, maclen });
    });
    const client = open(network.a, (socket) => {
      addKey(socket, B, { ...ours, setCurrent: true });
      addKey(socket, B, { sndid: 5, rcvid: 6, maclen, setRnext: true });
    });
    await network.clock.run(client.echo(100_000));
    for (const segment of seen)
      expect(aoOf(segment).keyId).toBe(segment.direction === seen[0]?.direction ? 3 : 6);
    expect(network.b.nstat()).toMatchObject({
      TcpExtSyncookiesSent: 1,
      TcpExtSyncookiesRecv: 1,
      TcpExtSyncookiesFailed: 0,
    });
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    const options = tcp_timestamps === 0 ? 0 : 1 | 2 | 4;
    for (const socket of [client.socket, theirs]) {
      expect(socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ options });
    }
    expect(theirs.getsockopt(SOL_TCP, TCP_AO_INFO)).toMatchObject({ current: 6, rnext: 3 });
  });

  it('opens a connection from a cookie with data lost on the way', async () => {
    const network = signed({ loss: 0.05, seed: 2, sysctl: { 'net.ipv4.tcp_syncookies': 2 } });
    const { client } = pair(network);
    const sent = pattern(200_000, 1);
    expect(await network.clock.run(client.exchange(sent))).toEqual(sent);
    expect(network.b.nstat().TcpExtSyncookiesRecv).toBeGreaterThan(0);
    for (const host of [network.a, network.b]) expect(host.nstat().TcpExtTCPAOBad).toBe(0);
  });

  it.each([12, 16])('goes together with Accurate ECN, and a code of %i bytes', async (maclen) => {
    const marks = marking(30).loss;
    const loss = (index: number, frame: Frame) => marks(index, frame) || index % 40 === 19;
    const network = signed({ delay: 5000, loss, sysctl: { 'net.ipv4.tcp_ecn': 3 } });
    const seen = segmentsOf(network.wire);
    const { client } = pair(network, { maclen });
    await network.clock.run(client.echo(300_000));
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
    const told = countersOf(seen);
    expect(told[1]).toBe(maclen === 12 ? 3 : 2); // what a SYN-ACK has room for beside the signature
    expect(new Set(told)).toContain(3);
    // And there are blocks of SACK beside both, as far as there is room.
    expect(seen.some((segment, index) => told[index] !== 0 && hasSack(segment))).toBe(true);
    const { deliveredCe = 0 } = client.socket.getsockopt(SOL_TCP, TCP_INFO);
    expect(deliveredCe).toBeGreaterThan(5);
  });

  it('does not believe ICMP errors, unless it is told to', async () => {
    for (const acceptIcmps of [false, true]) {
      const network = routed({ mac, delay: 1000, farMtu: 1400 });
      const far = '10.0.2.2';
      const server = serve(network.server, (socket) => addKey(socket, '10.0.1.2'));
      const client = open(
        network.client,
        (socket) => {
          addKey(socket, far);
          socket.setsockopt(SOL_TCP, TCP_AO_INFO, { acceptIcmps });
        },
        far,
      );
      await network.clock.run(client.connect());
      (await network.clock.run(server.accepted)) as Socket;
      // The server told its MSS; a path that is narrower than both is told of by ICMP alone.
      network.router.link.set('eth1', { mtu: 1000 });
      network.server.link.set('eth0', { mtu: 1000 });
      const echo = client.echo(5000);
      echo.catch(() => undefined);
      await network.clock.runFor(5_000_000);
      const info = client.socket.getsockopt(SOL_TCP, TCP_AO_INFO);
      expect(info.acceptIcmps).toBe(acceptIcmps);
      expect((info.pktDroppedIcmp as number) > 0).toBe(!acceptIcmps);
      expect(network.client.nstat().TcpExtTCPAODroppedIcmps).toBe(info.pktDroppedIcmp);
      await Promise.all([network.client.close(), network.server.close(), network.router.close()]);
    }
  });

  it('requires it of every peer where it is told to', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    serve(network.b, (socket) => socket.setsockopt(SOL_TCP, TCP_AO_INFO, { aoRequired: true }));
    const client = open(network.a, (socket) => socket.setsockopt(SOL_TCP, TCP_SYNCNT, 1));
    await expect(network.clock.run(client.connect())).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(dropsOf(network.b)).toEqual({ TCP_AONOTFOUND: seen.length });
  });

  it('hands on to a connection the keys for its peer alone', async () => {
    const network = signed();
    const server = serve(network.b, (socket) => {
      addKey(socket, '192.168.1.0', { prefix: 24, sndid: 1, rcvid: 1 });
      addKey(socket, '10.0.0.1', { sndid: 2, rcvid: 2 });
      addKey(socket, A, { sndid: 3, rcvid: 3 });
    });
    const client = open(network.a, (socket) => addKey(socket, B, { sndid: 1, rcvid: 1 }));
    await network.clock.run(client.echo(10));
    const keys = ((await network.clock.run(server.accepted)) as Socket).getsockopt(SOL_TCP, TCP_AO_GET_KEYS);
    expect(keys.map(({ sndid }) => sndid).sort()).toEqual([1, 3]);
    expect(keys.find(({ sndid }) => sndid === 1)).toMatchObject({
      addr: '192.168.1.0',
      prefix: 24,
      algName: 'hmac(sha1)',
      maclen: 12,
      isCurrent: true,
      isRnext: true,
      pktBad: 0,
    });
  });
});

describe('options of TCP-AO', () => {
  const fresh = () => signed().a.socket(AF_INET, SOCK_STREAM);

  it.each([
    ['an ID of ours that the peer has', { sndid: 100, rcvid: 1 }, 'EEXIST'],
    ['an ID of its own', { sndid: 1, rcvid: 100 }, 'EEXIST'],
    ['an ID of a prefix around it', { addr: '192.168.1.0', prefix: 24, sndid: 100, rcvid: 1 }, 'EEXIST'],
    ['an algorithm that there is not', { sndid: 1, rcvid: 1, algName: 'hmac(none)' }, 'ENOENT'],
    ['a key too long', { sndid: 1, rcvid: 1, key: new Uint8Array(81) }, 'EINVAL'],
    ['a code too long for a SYN', { sndid: 1, rcvid: 1, maclen: 17 }, 'EMSGSIZE'],
    ['bits behind the prefix', { addr: '192.168.1.1', prefix: 24, sndid: 1, rcvid: 1 }, 'EINVAL'],
    ['an address without a prefix', { prefix: 0, sndid: 1, rcvid: 1 }, 'EINVAL'],
    ['a prefix of no address', { addr: '0.0.0.0', prefix: 8, sndid: 1, rcvid: 1 }, 'EINVAL'],
    ['flags that are none', { sndid: 1, rcvid: 1, keyflags: 4 }, 'EINVAL'],
    ['a device', { sndid: 1, rcvid: 1, ifindex: 1 }, 'EINVAL'],
    ['an ID of nine bits', { sndid: 256, rcvid: 1 }, 'EINVAL'],
    ['half a byte of code', { sndid: 1, rcvid: 1, maclen: 12.5 }, 'EMSGSIZE'],
  ])('TCP_AO_ADD_KEY refuses %s', (_, part, errno) => {
    const socket = fresh();
    addKey(socket, B);
    expect(() => addKey(socket, B, part)).toThrow(code(errno));
    expect(socket.getsockopt(SOL_TCP, TCP_AO_GET_KEYS)).toHaveLength(1);
  });

  it('TCP_AO_ADD_KEY refuses a code longer than the algorithm makes', () => {
    const short = { ...(mac.algorithm('hmac(sha1)') as MacAlgorithm), name: 'short', digestSize: 8 };
    const algorithm = (name: string) => (name === 'short' ? short : mac.algorithm(name));
    const socket = signed({ mac: { ...mac, algorithm } }).a.socket(AF_INET, SOCK_STREAM);
    expect(() => addKey(socket, B, { algName: 'short', maclen: 9 })).toThrow(code('EINVAL'));
    addKey(socket, B, { algName: 'short', maclen: 8 });
  });

  it('refuses keys of both kinds for one peer', () => {
    const socket = fresh();
    const md5 = (addr: string) => socket.setsockopt(SOL_TCP, TCP_MD5SIG, { addr, key: keyBytes('x') });
    addKey(socket, B);
    expect(() => md5(B)).toThrow(code('EKEYREJECTED'));
    md5('192.168.1.101');
    expect(() => addKey(socket, '192.168.1.101', { sndid: 1, rcvid: 1 })).toThrow(code('EKEYREJECTED'));
    expect(() => socket.setsockopt(SOL_TCP, TCP_AO_INFO, { aoRequired: true })).toThrow(code('EKEYREJECTED'));
  });

  it('connects with TCP-AO to peers that have a key, to no others', async () => {
    const { a, clock } = signed();
    const socket = a.socket(AF_INET, SOCK_STREAM);
    addKey(socket, '10.0.0.1');
    await expect(clock.run(socket.connect({ address: B, port: 1 }))).rejects.toMatchObject({
      code: 'EKEYREJECTED',
    });
  });

  it('connects to no peer that has keys of both kinds', async () => {
    const { a, clock } = signed();
    const socket = a.socket(AF_INET, SOCK_STREAM);
    socket.setsockopt(SOL_TCP, TCP_MD5SIG, { addr: B, key: KEY });
    addKey(socket, '0.0.0.0', { prefix: 0, algName: 'cmac(aes)' });
    const [key] = socket.getsockopt(SOL_TCP, TCP_AO_GET_KEYS);
    expect(key?.algName).toBe('cmac(aes128)');
    await expect(clock.run(socket.connect({ address: B, port: 1 }))).rejects.toMatchObject({
      code: 'EKEYREJECTED',
    });
  });

  it('is for sockets that had it from the start', async () => {
    const network = signed();
    serve(network.b, () => undefined);
    const client = open(network.a, () => undefined);
    await network.clock.run(client.echo(10));
    expect(() => addKey(client.socket, B)).toThrow(code('EISCONN'));
    expect(() => client.socket.getsockopt(SOL_TCP, TCP_AO_INFO)).toThrow(code('ENOENT'));
  });

  it('TCP_AO_DEL_KEY and TCP_AO_INFO name keys that are there', () => {
    const socket = fresh();
    const remove = (part: object) => () =>
      socket.setsockopt(SOL_TCP, TCP_AO_DEL_KEY, { addr: B, prefix: 32, sndid: 100, rcvid: 100, ...part });
    expect(remove({})).toThrow(code('ENOENT'));
    addKey(socket, B, { setCurrent: true });
    addKey(socket, B, { sndid: 1, rcvid: 2, setRnext: true });
    expect(remove({ sndid: 5 })).toThrow(code('ENOENT'));
    expect(remove({})).toThrow(code('EBUSY'));
    expect(remove({ sndid: 1, rcvid: 2 })).toThrow(code('EBUSY'));
    expect(remove({ keyflags: TCP_AO_KEYF_IFINDEX, current: 1 })).toThrow(code('ENOENT'));
    expect(remove({ current: 9 })).toThrow(code('ENOENT'));
    for (const id of ['current', 'rnext']) expect(remove({ [id]: -1 })).toThrow(code('ENOENT'));
    expect(remove({ sndid: -1, rcvid: -1, current: 1 })).toThrow(code('EINVAL'));
    expect(() => socket.setsockopt(SOL_TCP, TCP_AO_INFO, { rnext: -1 })).toThrow(code('ENOENT'));
    expect(remove({ delAsync: true })).toThrow(code('EINVAL'));
    expect(() => socket.setsockopt(SOL_TCP, TCP_AO_INFO, { rnext: 9 })).toThrow(code('ENOENT'));
    remove({ current: 1 })();
    expect(socket.getsockopt(SOL_TCP, TCP_AO_INFO)).toMatchObject({ current: 1, rnext: 2 });
    const counters = { pktGood: 1, pktBad: 2, pktKeyNotFound: 3, pktAoRequired: 4, pktDroppedIcmp: 5 };
    socket.setsockopt(SOL_TCP, TCP_AO_INFO, { setCounters: true, ...counters });
    expect(socket.getsockopt(SOL_TCP, TCP_AO_INFO)).toMatchObject(counters);
  });

  it('a listener uses no key before its peer has said which', () => {
    const { b } = signed();
    const { listener } = serve(b, () => undefined);
    expect(() => addKey(listener, A, { setCurrent: true })).toThrow(code('EINVAL'));
    addKey(listener, A);
    expect(() => listener.setsockopt(SOL_TCP, TCP_AO_INFO, { current: 100 })).toThrow(code('EINVAL'));
    listener.setsockopt(SOL_TCP, TCP_AO_DEL_KEY, {
      addr: A,
      prefix: 32,
      sndid: 100,
      rcvid: 100,
      delAsync: true,
    });
    expect(listener.getsockopt(SOL_TCP, TCP_AO_GET_KEYS)).toEqual([]);
  });
});
