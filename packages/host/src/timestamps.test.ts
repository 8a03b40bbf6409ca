/** `SO_TIMESTAMPING`, `SO_TIMESTAMP` and `SO_TIMESTAMPNS`: when packets come, leave, and are acknowledged, on the host's clock. */
import {
  AF_INET,
  type ControlMessage,
  type ExtendedErrorMessage,
  IP_PKTINFO,
  IP_RECVERR,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  type PacketInfo,
  SCM_TIMESTAMPING,
  SCM_TS_OPT_ID,
  SCM_TSTAMP_ACK,
  SCM_TSTAMP_SCHED,
  SCM_TSTAMP_SND,
  SO_SNDBUF,
  SO_TIMESTAMP,
  SO_TIMESTAMPING,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOF_TIMESTAMPING_OPT_CMSG,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_OPT_ID_TCP,
  SOF_TIMESTAMPING_OPT_TSONLY,
  SOF_TIMESTAMPING_RX_SOFTWARE,
  SOF_TIMESTAMPING_SOFTWARE,
  SOF_TIMESTAMPING_TX_ACK,
  SOF_TIMESTAMPING_TX_SCHED,
  SOF_TIMESTAMPING_TX_SOFTWARE,
  SOL_IP,
  SOL_SOCKET,
  SOL_TCP,
  SOL_UDP,
  type Socket,
  TCP_CORK,
  TCP_INFO,
  TCP_NODELAY,
  type Timespec,
  type Timeval,
  UDP_SEGMENT,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { type LanOptions, lan } from './fixture.ts';

const FAR = '192.168.1.100';
const ALL =
  SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID |
  SOF_TIMESTAMPING_TX_SCHED |
  SOF_TIMESTAMPING_TX_SOFTWARE |
  SOF_TIMESTAMPING_TX_ACK;

/** What a transmit timestamp says: kind, number, time in µs, and bytes of the packet. */
type Stamp = [kind: number, id: number, time: number, bytes: number];

const find = (control: readonly ControlMessage[], level: number, type: number): unknown =>
  control.find((message) => message.level === level && message.type === type)?.value;

function softwareTime(control: readonly ControlMessage[]): number {
  const [software] = find(control, SOL_SOCKET, SCM_TIMESTAMPING) as Timespec[];
  const { sec, nsec } = software as Timespec;
  return sec * 1_000_000 + nsec / 1000;
}

const wants = (value: number) => [{ level: SOL_SOCKET, type: SO_TIMESTAMPING, value }];

/** Empties the error queue. */
async function stamps(socket: Socket): Promise<Stamp[]> {
  const list: Stamp[] = [];
  for (;;) {
    try {
      const { control, length } = await socket.recvmsg({ length: 65_536, flags: MSG_ERRQUEUE });
      const error = find(control, SOL_IP, IP_RECVERR) as ExtendedErrorMessage;
      expect([error.errno, error.origin, error.type, error.code]).toEqual(['ENOMSG', 4, 0, 0]);
      list.push([error.info, error.data, softwareTime(control), length]);
    } catch {
      return list;
    }
  }
}

/** A connection from a to b, with neighbours known; the wire takes 100 µs. */
async function stream(options: LanOptions = {}) {
  const { clock, a, b } = lan({ delay: 100, ...options });
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const client = a.socket(AF_INET, SOCK_STREAM);
  const [server] = await clock.run(
    Promise.all([listener.accept(), client.connect({ address: FAR, port: 7 })]),
  );
  await clock.runFor(1_000_000);
  return { clock, a, client, server };
}

/** A socket of a's that talks to one of b's, with neighbours known. */
async function datagrams(type: number = SOCK_DGRAM) {
  const { clock, a, b } = lan({ delay: 100 });
  const server = b.socket(AF_INET, SOCK_DGRAM);
  server.bind({ port: 7 });
  const warm = a.socket(AF_INET, SOCK_DGRAM);
  await warm.sendto('x', { address: FAR, port: 7 });
  await clock.run(server.recv(1));
  const client = a.socket(AF_INET, type, type === SOCK_RAW ? 253 : 0);
  await client.connect({ address: FAR, port: 7 });
  return { clock, client, server };
}

describe('a stream', () => {
  it('tells of the last byte of each send when it is queued, given to the device and acknowledged', async () => {
    const { clock, client } = await stream();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL);
    const start = clock.now();
    await client.send(new Uint8Array(1000));
    await clock.runFor(1_000_000);
    await client.send(new Uint8Array(500));
    await clock.runFor(1_000_000);
    const all = await stamps(client);
    expect(all.map(([kind, id]) => [kind, id])).toEqual([
      [SCM_TSTAMP_SCHED, 999],
      [SCM_TSTAMP_SND, 999],
      [SCM_TSTAMP_ACK, 999],
      [SCM_TSTAMP_SCHED, 1499],
      [SCM_TSTAMP_SND, 1499],
      [SCM_TSTAMP_ACK, 1499],
    ]);
    const [sched, snd, ack] = all.map(([, , time]) => time) as [number, number, number];
    expect([sched, snd]).toEqual([start, start]);
    expect(ack - start).toBeGreaterThanOrEqual(200); // there and back
  });

  it('tells of it in the one segment that has it, whoever cuts', async () => {
    for (const tso of [true, false]) {
      const { clock, a, client } = await stream();
      if (!tso) a.link.set('eth0', { features: { tso: false, gso: false } } as never);
      client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL & ~SOF_TIMESTAMPING_TX_ACK);
      await client.send(new Uint8Array(5000));
      await clock.runFor(1_000_000);
      const kinds = (await stamps(client)).map(([kind, id]) => [kind, id]);
      expect(kinds).toEqual([
        [SCM_TSTAMP_SCHED, 4999],
        [SCM_TSTAMP_SND, 4999],
      ]);
    }
  });

  it('asks for them send by send, too, and of a vector for its last byte alone', async () => {
    const { clock, client } = await stream();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
    await client.send(new Uint8Array(10));
    const control = [{ level: SOL_SOCKET, type: SO_TIMESTAMPING, value: SOF_TIMESTAMPING_TX_ACK }];
    await client.sendmsg({ data: [new Uint8Array(10), new Uint8Array(10)], control });
    await clock.runFor(1_000_000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([[SCM_TSTAMP_ACK, 29]]);
    const other = [{ level: SOL_SOCKET, type: SO_TIMESTAMPING, value: SOF_TIMESTAMPING_SOFTWARE }];
    await expect(client.sendmsg({ data: 'x', control: other })).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('counts bytes from what was acknowledged, with OPT_ID_TCP from what was written', async () => {
    for (const flag of [0, SOF_TIMESTAMPING_OPT_ID_TCP]) {
      const { clock, client } = await stream();
      await client.send(new Uint8Array(100));
      client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL | flag);
      await client.send(new Uint8Array(10));
      await clock.runFor(1_000_000);
      const ids = (await stamps(client)).map(([, id]) => id);
      expect([...new Set(ids)]).toEqual([flag === 0 ? 109 : 9]);
    }
  });

  it('waits with a send that is larger than the buffer, and tells of its end alone', async () => {
    const { clock, client, server } = await stream();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL);
    const size = 4_000_000;
    const drain = async () => {
      for (let left = size; left > 0; ) left -= (await server.recv(65_536)).length;
    };
    await clock.run(Promise.all([client.send(new Uint8Array(size)), drain()]));
    await clock.runFor(1_000_000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([
      [SCM_TSTAMP_SCHED, size - 1],
      [SCM_TSTAMP_SND, size - 1],
      [SCM_TSTAMP_ACK, size - 1],
    ]);
  });

  it('tells once of a byte that begins a segment, when it is acknowledged and not before', async () => {
    const { clock, client } = await stream();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL);
    // The first window, and one byte more.
    await client.send(new Uint8Array(10 * 1448 + 1));
    await clock.runFor(1_000_000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([
      [SCM_TSTAMP_SCHED, 14_480],
      [SCM_TSTAMP_SND, 14_480],
      [SCM_TSTAMP_ACK, 14_480],
    ]);
  });

  it('tells at once of a byte in the middle of what waits for its ACKs', async () => {
    const { clock, client } = await stream({ rate: 10_000_000 });
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
    client.setsockopt(SOL_TCP, TCP_CORK, 1);
    await client.sendmsg({ data: new Uint8Array(100), control: wants(SOF_TIMESTAMPING_TX_ACK) });
    const start = clock.now();
    await client.send(new Uint8Array(14_000));
    client.setsockopt(SOL_TCP, TCP_CORK, 0);
    await clock.runFor(1_000_000);
    const all = await stamps(client);
    expect(all.map(([kind, id]) => [kind, id])).toEqual([[SCM_TSTAMP_ACK, 99]]);
    expect((all[0] as Stamp)[2] - start).toBeLessThan(5000); // two segments of ten
  });

  it('tells all that was asked of sends that share a segment, of the last of them', async () => {
    const { clock, client } = await stream();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
    client.setsockopt(SOL_TCP, TCP_CORK, 1);
    await client.sendmsg({ data: new Uint8Array(10), control: wants(SOF_TIMESTAMPING_TX_SCHED) });
    await client.sendmsg({ data: new Uint8Array(10), control: wants(SOF_TIMESTAMPING_TX_ACK) });
    client.setsockopt(SOL_TCP, TCP_CORK, 0);
    await clock.runFor(1_000_000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([
      [SCM_TSTAMP_SCHED, 19],
      [SCM_TSTAMP_ACK, 19],
    ]);
  });

  it('tells of segments that became one when they were sent again', async () => {
    let isCut = false;
    const { clock, client } = await stream({ loss: () => isCut });
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
    client.setsockopt(SOL_TCP, TCP_NODELAY, 1);
    isCut = true;
    await client.send(new Uint8Array(10));
    await client.sendmsg({ data: new Uint8Array(10), control: wants(SOF_TIMESTAMPING_TX_ACK) });
    await clock.runFor(150_000); // past the probe of the last one
    isCut = false;
    await clock.runFor(5_000_000);
    expect(client.getsockopt(SOL_TCP, TCP_INFO).bytesRetrans).toBe(10 + 20);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([[SCM_TSTAMP_ACK, 19]]);
  });

  it('tells of a vector that ends early, for want of room, when all of it was sent already', async () => {
    const { clock, client } = await stream();
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 1);
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
    const part = new Uint8Array(4 * 1448);
    const control = wants(SOF_TIMESTAMPING_TX_ACK);
    const sent = await client.sendmsg({ data: [part, part], control, flags: MSG_DONTWAIT });
    expect([sent, client.getsockopt(SOL_TCP, TCP_INFO).notsentBytes]).toEqual([part.length, 0]);
    await clock.runFor(1_000_000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([[SCM_TSTAMP_ACK, sent - 1]]);
  });

  it('takes what a send asks for in place of what the socket does, and numbers nothing without OPT_ID', async () => {
    const { clock, client } = await stream();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL & ~SOF_TIMESTAMPING_OPT_ID);
    await client.sendmsg({ data: new Uint8Array(10), control: wants(SOF_TIMESTAMPING_TX_ACK) });
    await clock.runFor(1_000_000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([[SCM_TSTAMP_ACK, 0]]);
  });

  it('tells when what is read came', async () => {
    const { clock, client, server } = await stream();
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE);
    const start = clock.now();
    await client.send('x');
    await clock.runFor(500_000);
    const came = softwareTime((await server.recvmsg({ length: 9 })).control);
    expect(came - start).toBeGreaterThanOrEqual(100);
    expect(came - start).toBeLessThan(1000);
  });
});

describe('a datagram socket', () => {
  it('numbers what it sends, and tells of it with the whole frame or without', async () => {
    const { clock, client } = await datagrams();
    const wanted = ALL & ~SOF_TIMESTAMPING_TX_ACK;
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, wanted);
    await client.send('one');
    await client.send('three');
    const all = await stamps(client);
    expect(all.map(([kind, id, , length]) => [kind, id, length])).toEqual([
      [SCM_TSTAMP_SCHED, 0, 14 + 20 + 8 + 3],
      [SCM_TSTAMP_SND, 0, 14 + 20 + 8 + 3],
      [SCM_TSTAMP_SCHED, 1, 14 + 20 + 8 + 5],
      [SCM_TSTAMP_SND, 1, 14 + 20 + 8 + 5],
    ]);
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, wanted | SOF_TIMESTAMPING_OPT_TSONLY);
    await client.send('x');
    await clock.runFor(1000); // the device had enough to do
    const control = [{ level: SOL_SOCKET, type: SCM_TS_OPT_ID, value: 77 }];
    await client.sendmsg({ data: 'x', control });
    await clock.runFor(1000);
    expect((await stamps(client)).map(([, id, , length]) => [id, length])).toEqual([
      [2, 0],
      [2, 0],
      [77, 0],
      [77, 0],
    ]);
    // OPT_ID set anew counts anew.
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, 0);
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, wanted);
    await client.send('x');
    await clock.runFor(1000);
    expect((await stamps(client)).map(([, id]) => id)).toEqual([0, 0]);
  });

  it('says that the frame did not fit, and nothing of an address', async () => {
    const { client } = await datagrams();
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE);
    await client.send('one');
    const { address, flags } = await client.recvmsg({ length: 4, flags: MSG_ERRQUEUE });
    expect([address, flags]).toEqual([undefined, MSG_ERRQUEUE | MSG_TRUNC]);
  });

  it('tells once of a datagram that leaves in fragments, or of several in one send', async () => {
    const { clock, client } = await datagrams();
    const once = [
      [SCM_TSTAMP_SCHED, 0],
      [SCM_TSTAMP_SND, 0],
    ];
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL);
    await client.send(new Uint8Array(5000));
    await clock.runFor(1000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual(once);
    client.setsockopt(SOL_UDP, UDP_SEGMENT, 1000);
    await client.send(new Uint8Array(5000));
    await clock.runFor(1000);
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual(once.map(([kind]) => [kind, 1]));
  });

  it('tells which way it left, with OPT_CMSG and IP_PKTINFO', async () => {
    const { client, clock } = await datagrams();
    const flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE;
    client.setsockopt(SOL_IP, IP_PKTINFO, 1);
    const way = async () => {
      await client.send('x');
      const { control } = await client.recvmsg({ length: 100, flags: MSG_ERRQUEUE });
      return control.map(({ type, value }) => [type, value]).slice(1);
    };
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags);
    expect((await way()).map(([type]) => type)).toEqual([IP_RECVERR]);
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags | SOF_TIMESTAMPING_OPT_CMSG);
    const [info, error] = await way();
    const expected: PacketInfo = { ifindex: 2, specDst: '192.168.1.10', addr: FAR };
    expect(info).toEqual([IP_PKTINFO, expected]);
    expect(error?.[1]).toMatchObject({ offender: { address: '192.168.1.10' } });
    await clock.runFor(1000);
    // Without the packet nothing is known of its way.
    const bare = SOF_TIMESTAMPING_OPT_CMSG | SOF_TIMESTAMPING_OPT_TSONLY;
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags | bare);
    expect((await way()).map(([type]) => type)).toEqual([IP_RECVERR]);
  });

  it('of raw IP does so, too', async () => {
    const { client } = await datagrams(SOCK_RAW);
    client.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, ALL);
    await client.send('x');
    expect((await stamps(client)).map(([kind, id]) => [kind, id])).toEqual([
      [SCM_TSTAMP_SCHED, 0],
      [SCM_TSTAMP_SND, 0],
    ]);
  });

  it('tells when what it receives came, in whatever form was asked for', async () => {
    const { clock, client, server } = await datagrams();
    const receive = async () => {
      const start = clock.now();
      await client.send('x');
      await clock.runFor(1_000_000);
      const { control } = await server.recvmsg({ length: 9 });
      return control.map(({ type, value }) => [type, value, start] as const);
    };
    expect(await receive()).toEqual([]);
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE);
    expect(await receive()).toEqual([]); // nobody makes them
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE);
    expect(await receive()).toEqual([]); // nobody asked to be told
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1);
    const [[, micro, start]] = (await receive()) as [[number, Timeval, number]];
    expect(micro.sec * 1_000_000 + micro.usec - start).toBeGreaterThanOrEqual(100);
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    server.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE);
    const both = await receive();
    expect(both.map(([type]) => type)).toEqual([SO_TIMESTAMPNS, SCM_TIMESTAMPING]);
    const none = { sec: 0, nsec: 0 };
    expect(both[1]?.[1]).toEqual([both[0]?.[1], none, none]);
  });
});
