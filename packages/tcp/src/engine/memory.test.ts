/**
 * Buffers and memory: what is charged, what gives way when there is too little.
 */
import { describe, expect, it } from 'vitest';
import { connected, pair, pattern, read, write } from './fixture.ts';
import { Script } from './script.fixture.ts';

function small(rcvbuf: number, sysctl = {}): Script {
  return new Script({ sysctl }).accepted({
    mss: 1000,
    win: 60_000,
    prepare: (sk) => {
      sk.rcvbuf = rcvbuf;
      sk.userlocks = 2;
    },
  });
}

describe('the out-of-order queue', () => {
  it('keeps segments in order, merges what touches, drops what is known', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000 });
    const TcpExt = s.host.tcp.mib.TcpExt;
    s.in('. 301:401(100) ack 1 win 100')
      .in('. 101:201(100) ack 1 win 100')
      .in('. 501:601(100) ack 1 win 100');
    expect(s.sk.ofoQueue?.qlen).toBe(3);
    s.in('. 201:301(100) ack 1 win 100');
    expect(s.sk.ofoQueue?.qlen).toBeLessThanOrEqual(3);
    s.in('. 150:180(30) ack 1 win 100'); // within
    expect(s.host.drops.TCP_OFOMERGE).toBe(1);
    s.in('. 101:651(550) ack 1 win 100'); // covers all
    expect(s.sk.ofoQueue?.qlen).toBe(1);
    expect(TcpExt.TCPOFOMerge).toBeGreaterThan(1);
    s.info({ rcvOoopack: 6 });
    s.ignore().in('. 1:101(100) ack 1 win 100').out('. 1:1(0) ack 651');
    expect(s.sk.ofoQueue).toBeUndefined();
    s.recv(1000, 650);
    expect(s.sk.rmemAlloc).toBe(0);
  });

  it('gives the bytes that came first where segments overlap, and each byte once', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000 });
    const all = pattern(300, 9);
    s.in('. 101:201(100) ack 1 win 100', all.slice(100, 200));
    s.in('. 151:301(150) ack 1 win 100', all.slice(150, 300));
    s.in('. 51:121(70) ack 1 win 100', all.slice(50, 120));
    s.in('. 1:61(60) ack 1 win 100', all.slice(0, 60));
    const into = new Uint8Array(400);
    expect(s.host.tcp.recvmsg(s.now, s.sk, into, 0, 400, 0)).toBe(300);
    expect(into.slice(0, 300)).toStrictEqual(all);
  });

  it('is pruned from its end when the buffer is full', () => {
    const s = small(20_000);
    for (let i = 30; i > 0; i--) s.in(`. ${i * 300 + 1}:${i * 300 + 301}(300) ack 1 win 100`);
    expect(s.sk.rmemAlloc).toBeLessThanOrEqual(20_000 + 4352);
    const { TcpExt } = s.host.tcp.mib;
    expect(TcpExt.PruneCalled).toBeGreaterThan(0);
    expect(TcpExt.TCPRcvCollapsed + TcpExt.OfoPruned + TcpExt.TCPOFODrop).toBeGreaterThan(0);
    s.in('. 1:301(300) ack 1 win 100').take();
    expect(s.host.tcp.inq(s.sk)).toBeGreaterThanOrEqual(300);
  });
});

describe('the receive buffer', () => {
  it('holds many small segments by copying them together', () => {
    const s = small(10_000);
    let seq = 1;
    for (let i = 0; i < 60; i++) {
      s.in(`P. ${seq}:${seq + 20}(20) ack 1 win 100`).ignore();
      seq = (s.sk.rcvNxt >>> 0) as number;
    }
    const waiting = s.host.tcp.inq(s.sk) as number;
    expect(waiting).toBeGreaterThan(200);
    expect(s.sk.rmemAlloc).toBeLessThanOrEqual(10_000 + 1024);
    expect(s.host.tcp.mib.TcpExt.TCPRcvCollapsed).toBeGreaterThan(0);
    const into = new Uint8Array(waiting);
    expect(s.host.tcp.recvmsg(s.now, s.sk, into, 0, waiting, 0)).toBe(waiting);
    const expected = new Uint8Array(waiting);
    for (let at = 0; at < waiting; at += 20) expected.set(pattern(20, at + 2), at);
    expect(into).toStrictEqual(expected);
  });

  it('refuses data in a closed window with a reason, and takes a bare FIN', () => {
    const s = small(4608);
    let seq = 1;
    for (let i = 0; i < 20 && s.sk.rcvWnd - (s.sk.rcvNxt - s.sk.rcvWup) > 0; i++) {
      s.in(`. ${seq}:${seq + 500}(500) ack 1 win 100`).ignore();
      seq = s.sk.rcvNxt >>> 0;
    }
    s.sk.rcvWnd = 0;
    s.sk.rcvWup = s.sk.rcvNxt;
    s.in(`. ${seq}:${seq + 500}(500) ack 1 win 100`).ignore();
    expect(s.host.tcp.mib.TcpExt.TCPZeroWindowDrop).toBe(0); // out of window: validated before
    s.in(`F. ${seq}:${seq}(0) ack 1 win 100`);
    expect(s.sk.finSeen).toBe(true);
  });
});

describe('tcp_mem', () => {
  it('counts what sockets hold, in pages, and all of it comes back', () => {
    const { world, a, b } = pair();
    const { client, server } = connected(world, a, b);
    a.tcp.sendmsg(world.now, client, pattern(10_000), 0, 10_000, 0);
    expect(a.tcp.memoryAllocated).toBeGreaterThanOrEqual(3);
    world.advance(100_000);
    expect(a.tcp.memoryAllocated).toBeLessThanOrEqual(1);
    expect(b.tcp.memoryAllocated).toBeGreaterThanOrEqual(3);
    b.tcp.recvmsg(world.now, server, new Uint8Array(10_000), 0, 10_000, 0);
    expect(b.tcp.memoryAllocated).toBeLessThanOrEqual(1);
  });

  it('under pressure keeps streams going, slower', () => {
    const { world, a, b } = pair();
    b.sysctl.tcp_mem = [4, 6, 60];
    a.sysctl.tcp_mem = [4, 6, 60];
    const { client, server } = connected(world, a, b);
    let received = 0;
    read(b, server, (bytes) => {
      received = bytes.length;
    });
    write(a, client, pattern(100_000), () => a.tcp.shutdown(world.now, client, 2));
    world.advance(200_000_000);
    expect(received).toBe(100_000);
    expect(a.tcp.mib.TcpExt.TCPMemoryPressures + b.tcp.mib.TcpExt.TCPMemoryPressures).toBeGreaterThan(0);
  });

  it('at its limit drops what comes, and offers a window of zero', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000 });
    s.in('. 1:1001(1000) ack 1 win 60000').ignore();
    s.host.sysctl.tcp_mem = [0, 0, 0];
    s.sk.rcvbuf = 1 << 20;
    s.host.sysctl.tcp_rmem = [0, 131_072, 6_291_456];
    for (let i = 1; i < 6; i++) s.in(`. ${i * 1000 + 1}:${i * 1000 + 1001}(1000) ack 1 win 60000`);
    expect(s.take().some((line) => line.includes(' win 0 '))).toBe(true);
    expect(s.host.drops.PROTO_MEM).toBeGreaterThan(0);
    expect(s.host.tcp.mib.TcpExt.TCPRcvQDrop).toBeGreaterThan(0);
  });
});
