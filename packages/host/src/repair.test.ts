/** TCP_REPAIR: what calls answer is as observed of Linux 6.18; connections move between hosts while they run. */
import { Nic, Switch, Wire } from '@stack/nic-sim';
import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_PEEK,
  SO_ERROR,
  SO_LINGER,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_INFO,
  TCP_MAXSEG,
  TCP_NO_QUEUE,
  TCP_QUEUE_SEQ,
  TCP_RECV_QUEUE,
  TCP_REPAIR,
  TCP_REPAIR_OFF,
  TCP_REPAIR_OFF_NO_WP,
  TCP_REPAIR_ON,
  TCP_REPAIR_OPTIONS,
  TCP_REPAIR_QUEUE,
  TCP_REPAIR_WINDOW,
  TCP_SEND_QUEUE,
  TCP_TIMESTAMP,
  type TcpRepairWindow,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { concat, lan, pattern, station } from './fixture.ts';
import { createHost, type Host, type HostOptions, VirtualClock } from './index.ts';
import { type Checkpoint, checkpoint, restore } from './repair.fixture.ts';

/** What a call answers: its code where it fails. */
function code(call: () => unknown): unknown {
  try {
    return call() ?? 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
}

async function answer(call: () => Promise<unknown>): Promise<unknown> {
  return call().catch((error) => (error as { code?: string }).code ?? error);
}

const set = (socket: Socket, option: number, value: number) =>
  code(() => socket.setsockopt(SOL_TCP, option, value));
const get = (socket: Socket, option: number) => code(() => socket.getsockopt(SOL_TCP, option));
const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** A connection over a wire, both ends. */
async function connection() {
  const { clock, a, b, wire } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const near = a.socket(AF_INET, SOCK_STREAM);
  const [far] = await clock.run(
    Promise.all([listener.accept(), near.connect({ address: '192.168.1.100', port: 7 })]),
  );
  return { clock, a, b, wire, near, far, listener };
}

describe('options', () => {
  it('are for who may, and not for listeners', async () => {
    const { listener } = await connection();
    expect(set(listener, TCP_REPAIR, TCP_REPAIR_ON)).toBe('EPERM');
    const weak = createHost({ clock: new VirtualClock(), privileged: false });
    const socket = weak.socket(AF_INET, SOCK_STREAM);
    expect([set(socket, TCP_REPAIR, 1), set(socket, TCP_REPAIR, 2), get(socket, TCP_REPAIR)]).toEqual([
      'EPERM',
      'EPERM',
      0,
    ]);
  });

  it('out of repair mode', async () => {
    const { near } = await connection();
    expect(get(near, TCP_REPAIR)).toBe(0);
    expect([get(near, TCP_REPAIR_QUEUE), get(near, TCP_QUEUE_SEQ)]).toEqual(['EINVAL', 'EINVAL']);
    expect([set(near, TCP_REPAIR_QUEUE, 1), set(near, TCP_TIMESTAMP, 1)]).toEqual(['EPERM', 'EPERM']);
    expect(code(() => near.setsockopt(SOL_TCP, TCP_REPAIR_OPTIONS, [{ optCode: 4, optVal: 0 }]))).toBe(
      'EINVAL',
    );
    expect(get(near, TCP_REPAIR_OPTIONS)).toBe('ENOPROTOOPT');
    expect(get(near, TCP_REPAIR_WINDOW)).toBe('EPERM');
    expect(get(near, TCP_TIMESTAMP)).toBeTypeOf('number');
  });

  it('of a socket that is not connected', () => {
    const host = createHost({ clock: new VirtualClock() });
    const socket = host.socket(AF_INET, SOCK_STREAM);
    expect([set(socket, TCP_REPAIR, 2), set(socket, TCP_REPAIR, -2), set(socket, TCP_REPAIR, 1)]).toEqual([
      'EINVAL',
      'EINVAL',
      'ok',
    ]);
    expect(get(socket, TCP_REPAIR)).toBe(1);
    expect([
      get(socket, TCP_REPAIR_QUEUE),
      get(socket, TCP_QUEUE_SEQ),
      set(socket, TCP_QUEUE_SEQ, 1),
    ]).toEqual([TCP_NO_QUEUE, 'EINVAL', 'EINVAL']);
    expect([set(socket, TCP_REPAIR_QUEUE, 3), set(socket, TCP_REPAIR_QUEUE, -1)]).toEqual([
      'EINVAL',
      'EINVAL',
    ]);
    for (const [queue, seq] of [
      [TCP_RECV_QUEUE, 5000],
      [TCP_SEND_QUEUE, -5],
    ] as const) {
      set(socket, TCP_REPAIR_QUEUE, queue);
      expect([
        get(socket, TCP_REPAIR_QUEUE),
        set(socket, TCP_QUEUE_SEQ, seq),
        get(socket, TCP_QUEUE_SEQ),
      ]).toEqual([queue, 'ok', seq]);
    }
    expect(code(() => socket.setsockopt(SOL_TCP, TCP_REPAIR_OPTIONS, [{ optCode: 2, optVal: 1400 }]))).toBe(
      'EPERM',
    );
    set(socket, TCP_TIMESTAMP, 12_344);
    expect(get(socket, TCP_TIMESTAMP)).toBe(12_344);
    expect(set(socket, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)).toBe('ok');
    // The queue is remembered, but for those who ask for it.
    expect([
      get(socket, TCP_REPAIR),
      get(socket, TCP_REPAIR_QUEUE),
      get(socket, TCP_QUEUE_SEQ),
      set(socket, TCP_QUEUE_SEQ, 1),
    ]).toEqual([0, 'EINVAL', -5, 'EINVAL']);
  });

  it.each([
    [[{ optCode: 2, optVal: 1000 }], 'ok'],
    [[{ optCode: 3, optVal: 7 | (7 << 16) }], 'ok'],
    [[{ optCode: 3, optVal: 15 }], 'EFBIG'],
    [[{ optCode: 3, optVal: 7 | (15 << 16) }], 'EFBIG'],
    [[{ optCode: 4, optVal: 0 }], 'ok'],
    [[{ optCode: 4, optVal: 1 }], 'EINVAL'],
    [[{ optCode: 8, optVal: 1 }], 'EINVAL'],
    [[{ optCode: 9, optVal: 9 }], 'ok'],
    [[], 'EINVAL'],
  ])('TCP_REPAIR_OPTIONS %j: %s', async (options, expected) => {
    const { near, far } = await connection();
    set(near, TCP_REPAIR, 1);
    expect(code(() => near.setsockopt(SOL_TCP, TCP_REPAIR_OPTIONS, options))).toBe(expected);
    if (options[0]?.optCode === 2) expect(get(near, TCP_MAXSEG)).toBe(1000);
    await far.send('sent already');
    set(far, TCP_REPAIR, 1);
    if (options.length > 0)
      expect(code(() => far.setsockopt(SOL_TCP, TCP_REPAIR_OPTIONS, options))).toBe('EPERM');
  });

  it('TCP_REPAIR_WINDOW takes no window above its largest, and no edge beyond what came', async () => {
    const { near } = await connection();
    set(near, TCP_REPAIR, 1);
    const window = near.getsockopt(SOL_TCP, TCP_REPAIR_WINDOW);
    const change = (fields: Partial<TcpRepairWindow>) =>
      code(() => near.setsockopt(SOL_TCP, TCP_REPAIR_WINDOW, { ...window, ...fields }));
    expect(change({})).toBe('ok');
    expect(change({ sndWnd: window.sndWnd - 1 })).toBe('ok');
    expect(near.getsockopt(SOL_TCP, TCP_REPAIR_WINDOW)).toEqual({ ...window, sndWnd: window.sndWnd - 1 });
    expect([change({ maxWindow: window.maxWindow + 1 }), change({ maxWindow: window.sndWnd - 1 })]).toEqual([
      'ok',
      'EINVAL',
    ]);
    expect([change({ rcvWup: window.rcvWup + 1 }), change({ rcvWup: window.rcvWup - 1 })]).toEqual([
      'EINVAL',
      'ok',
    ]);
    const edge = window.rcvWup + window.rcvWnd;
    expect([change({ sndWl1: edge }), change({ sndWl1: edge + 1 })]).toEqual(['ok', 'EINVAL']);
  });
});

describe('calls in repair mode', () => {
  it('send and recv are about one of the queues, and consume nothing', async () => {
    const { clock, near, far } = await connection();
    await far.send('hello world');
    await near.send('ABC');
    await clock.runFor(100_000);
    set(near, TCP_REPAIR, 1);
    expect([
      await answer(() => near.recv(9)),
      await answer(() => near.recv(9, MSG_PEEK)),
      await answer(() => near.send('x')),
    ]).toEqual(['EPERM', 'EINVAL', 'EINVAL']);
    set(near, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
    const seq = near.getsockopt(SOL_TCP, TCP_QUEUE_SEQ);
    expect([await answer(() => near.recv(3)), text(await near.recv(99, MSG_PEEK))]).toEqual([
      'EPERM',
      'hello world',
    ]);
    expect([await near.send(' more'), text(await near.recv(99, MSG_PEEK))]).toEqual([5, 'hello world more']);
    expect([get(near, TCP_QUEUE_SEQ), set(near, TCP_QUEUE_SEQ, 1)]).toEqual([seq + 5, 'EPERM']);
    set(near, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
    const sent = near.getsockopt(SOL_TCP, TCP_QUEUE_SEQ);
    expect([(await near.recv(9, MSG_PEEK)).length, await answer(() => near.recv(9))]).toEqual([0, 'EPERM']);
    expect([
      await near.send('write'),
      text(await near.recv(9, MSG_PEEK)),
      text(await near.recv(3, MSG_PEEK)),
    ]).toEqual([5, 'write', 'wri']);
    expect(get(near, TCP_QUEUE_SEQ)).toBe(sent + 5);
    expect(near.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ unacked: 1, notsentBytes: 0, bytesSent: 3 });
  });

  it('before connect, and the errors there', async () => {
    const host = createHost({ clock: new VirtualClock() });
    const socket = host.socket(AF_INET, SOCK_STREAM);
    set(socket, TCP_REPAIR, 1);
    set(socket, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
    expect([await answer(() => socket.recv(9, MSG_PEEK)), await answer(() => socket.send('x'))]).toEqual([
      'ENOTCONN',
      'EPIPE',
    ]);
  });

  it('connect sends nothing, close neither; a port in use may be bound', async () => {
    const { clock, a, wire } = await connection();
    const frames: unknown[] = [];
    const taken = a.socket(AF_INET, SOCK_STREAM);
    taken.bind({ port: 9 });
    taken.listen(1);
    wire.onFrame((frame) => frames.push(frame));
    const socket = a.socket(AF_INET, SOCK_STREAM);
    expect(code(() => socket.bind({ port: 9 }))).toBe('EADDRINUSE');
    set(socket, TCP_REPAIR, 1);
    expect(socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(1);
    set(socket, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
    set(socket, TCP_QUEUE_SEQ, 1000);
    set(socket, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
    set(socket, TCP_QUEUE_SEQ, 2000);
    socket.bind({ port: 9 });
    await socket.connect({ address: '192.168.1.100', port: 77 });
    expect(await answer(() => socket.connect({ address: '192.168.1.100', port: 77 }))).toBe('EISCONN');
    expect(socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ state: 1, options: 0, unacked: 0 });
    expect(get(socket, TCP_QUEUE_SEQ)).toBe(2000);
    expect(get(socket, TCP_REPAIR_WINDOW)).toMatchObject({ sndWl1: 0, sndWnd: 0, rcvWup: 1000 });
    socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 5 });
    await socket.close();
    await clock.runFor(1000);
    expect(frames).toEqual([]);
    expect(a.nstat().TcpCurrEstab).toBe(1);
  });

  it('close forgets what was not read; who only disconnects is told ECONNABORTED', async () => {
    const { clock, a, near, far, listener } = await connection();
    const second = a.socket(AF_INET, SOCK_STREAM);
    await clock.run(Promise.all([listener.accept(), second.connect({ address: '192.168.1.100', port: 7 })]));
    await far.send('unread');
    await clock.runFor(1000);
    set(near, TCP_REPAIR, 1);
    await near.close();
    set(second, TCP_REPAIR, 1);
    set(second, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
    await second.connect({ family: 'unspec' });
    expect(second.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(103);
    expect([get(second, TCP_REPAIR), get(second, TCP_REPAIR_QUEUE)]).toEqual([1, TCP_RECV_QUEUE]);
    await clock.runFor(1000);
    expect(a.nstat().TcpOutRsts).toBe(0);
    expect(await answer(() => far.recv(9, MSG_DONTWAIT))).toBe('EAGAIN');
  });

  it.each([
    [TCP_REPAIR_OFF, 1],
    [TCP_REPAIR_OFF_NO_WP, 0],
  ])('off (%i) probes the window %i times', async (off, probes) => {
    const { clock, a, near } = await connection();
    await clock.runFor(100_000);
    set(near, TCP_REPAIR, 1);
    expect(set(near, TCP_REPAIR, off)).toBe('ok');
    await clock.runFor(100_000);
    expect(a.nstat().TcpExtTCPWinProbe).toBe(probes);
    expect(near.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(0);
  });
});

/** A peer, and places that one address may be at: one after the other, with the same MAC address. */
function movable(seed: number, count: number, sysctl: NonNullable<HostOptions['sysctl']>) {
  const clock = new VirtualClock();
  const hub = new Switch({ clock, ports: count + 1 });
  const peer = station(clock, 'peer', '192.168.1.100/24', 0x02_00_00_00_00_64, { seed, sysctl });
  const faults = { seed, delay: 8000, loss: 0.04, reorder: 0.05, reorderDelay: 4000, rate: 20_000_000 };
  new Wire({ clock, a: peer.nic, b: hub.ports[0] as NonNullable<(typeof hub.ports)[0]>, ...faults });
  peer.host.link.set('eth0', { up: true });
  const places: Host[] = [];
  for (let i = 1; i <= count; i++) {
    const host = createHost({ clock, name: `place${i}`, seed: seed + i, sysctl });
    const nic = new Nic({ clock, pool: host.pool, address: 0x02_00_00_00_00_0a, name: 'eth0' });
    host.link.add(nic);
    host.addr.add('192.168.1.10/24', { dev: 'eth0' });
    new Wire({ clock, a: nic, b: hub.ports[i] as NonNullable<(typeof hub.ports)[0]>, delay: 100 });
    places.push(host);
  }
  return { clock, peer: peer.host, places };
}

/** An end of a stream that waits for nothing: it sends what there is room for, and reads where it may. */
class End {
  readonly received: Uint8Array[] = [];
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get count(): number {
    return this.received.reduce((sum, { length }) => sum + length, 0);
  }

  async turn(socket: Socket, reads: boolean): Promise<void> {
    if (this.at < this.bytes.length) {
      const count = await answer(() =>
        socket.send(this.bytes.subarray(this.at, this.at + 50_000), MSG_DONTWAIT),
      );
      if (typeof count === 'number') this.at += count;
      else expect(count).toBe('EAGAIN');
    }
    if (!reads) return;
    const chunk = await answer(() => socket.recv(30_000, MSG_DONTWAIT));
    if (chunk instanceof Uint8Array) this.received.push(chunk);
    else expect(chunk).toBe('EAGAIN');
  }
}

function sacked(socket: Socket): number {
  return (socket.getsockopt(SOL_TCP, TCP_INFO) as { sacked: number }).sacked;
}

describe('a connection that moves', () => {
  it.each([
    [1, {}],
    [2, {}],
    [3, { 'net.ipv4.tcp_timestamps': 0 }],
    [4, { 'net.ipv4.tcp_sack': 0 }],
    [5, { 'net.ipv4.tcp_window_scaling': 0 }],
    [6, { 'net.ipv4.tcp_congestion_control': 'bbr' }],
  ])('from host to host, with loss both ways, and nobody notices (seed %i, %j)', async (seed, sysctl) => {
    const moves = 5;
    const { clock, peer, places } = movable(seed, moves + 1, sysctl);
    let [host, ...rest] = places as [Host, ...Host[]];
    host.link.set('eth0', { up: true });
    const listener = peer.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: 7 });
    listener.listen(1);
    let socket = host.socket(AF_INET, SOCK_STREAM);
    const connecting = socket.connect({ address: '192.168.1.100', port: 7 });
    const [far] = await clock.run(Promise.all([listener.accept(), connecting]));
    const there = new End(pattern(1_300_000, seed));
    const back = new End(pattern(1_100_000, seed + 7));
    const turn = async (reads: boolean) => {
      await there.turn(socket, reads);
      await back.turn(far, reads);
      await clock.runFor(2000);
    };
    const seen: Checkpoint[] = [];
    let holes = 0;
    for (let move = 0; move < moves; move++) {
      // Before every other move nobody reads, and all queues are full; before the others segments are missing.
      for (let i = 0; i < 200; i++) await turn(i < 30 || move % 2 === 1);
      for (let i = 0; i < 500 && move % 2 === 1 && sacked(socket) === 0; i++) await turn(true);
      holes += sacked(socket);
      host.link.set('eth0', { up: false });
      const taken = await checkpoint(socket);
      seen.push(taken);
      host = rest.shift() as Host;
      host.link.set('eth0', { up: true });
      socket = host.socket(AF_INET, SOCK_STREAM);
      await restore(socket, taken);
    }
    for (
      let i = 0;
      there.at < there.bytes.length || there.count < back.bytes.length || back.count < there.bytes.length;
      i++
    ) {
      expect(i, 'turns').toBeLessThan(60_000);
      await turn(true);
    }
    expect(concat(back.received)).toEqual(there.bytes);
    expect(concat(there.received)).toEqual(back.bytes);
    // It was worth it: queues were full when it moved, and the scoreboard had holes.
    expect(seen.some(({ received, written, sent }) => received.length > 0 && written.length > sent)).toBe(
      true,
    );
    expect(seen.some(({ sent }) => sent > 0)).toBe(true);
    if (sysctl['net.ipv4.tcp_sack' as never] !== 0) expect(holes).toBeGreaterThan(0);
    expect(peer.nstat().TcpEstabResets).toBe(0);
    for (const place of [peer, ...places]) expect(place.nstat().TcpOutRsts).toBe(0);
    await Promise.all([socket.close(), clock.runFor(1_000_000)]);
    expect((await far.recv(1)).length).toBe(0);
    await far.close();
    await clock.runFor(1_000_000);
  });
});
