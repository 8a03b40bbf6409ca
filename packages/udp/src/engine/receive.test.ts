import {
  CHECKSUM_COMPLETE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  SKB_GSO_UDP_L4,
  type SkBuff,
} from '@stack/skbuff';
import { csumSkb } from '@stack/skbuff/checksum';
import { POLLIN } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { Host, NARROW, WIDE } from './fixture.ts';
import { Message } from './index.ts';

/** Writes a 16-bit field of the UDP header. */
function field(offset: number, value: number): (skb: SkBuff) => void {
  return (skb) => skb.view.setUint16(skb.data + offset, value);
}

describe.each([NARROW, WIDE])('$name: what comes in', (kind) => {
  it.each([
    ['seven bytes', (skb: SkBuff) => skb.trim(7), 'PKT_TOO_SMALL', 0],
    ['no byte', (skb: SkBuff) => skb.trim(0), 'PKT_TOO_SMALL', 0],
    ['length 0', field(4, 0), 'PKT_TOO_SMALL', 0],
    ['length 7', field(4, 7), 'PKT_TOO_SMALL', 0],
    ['length above the packet', field(4, 14), 'PKT_TOO_SMALL', 0],
    ['length 65535', field(4, 0xffff), 'PKT_TOO_SMALL', 0],
    ['a wrong checksum', field(6, 0x1234), 'UDP_CSUM', 1],
    ['a byte changed', field(8, 0x1234), 'UDP_CSUM', 1],
  ])('%s is dropped and counted', (_name, change, reason, bad) => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'hello', change);
    expect(host.drops).toEqual([reason]);
    const { InErrors, InCsumErrors, NoPorts } = host.udp.mib.Udp;
    expect([InErrors, InCsumErrors, NoPorts]).toEqual([1, bad, 0]);
    expect([host.read(sk), host.unreachable]).toEqual(['<EAGAIN>', []]);
    host.end(sk);
  });

  it('what lies behind the datagram is trimmed', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    const skb = host.packet([5, 53], [1, 8080], Uint8Array.of(1, 2, 3));
    const page = host.pool.page(10);
    skb.addFrag(page as NonNullable<typeof page>, (page as NonNullable<typeof page>).start, 10);
    host.udp.receive(0, skb, host.family);
    expect(host.udp.inq(sk)).toBe(3);
    expect(host.read(sk)).toBe('\x01\x02\x03');
    host.end(sk);
  });

  it('a checksum of 0 is none with IPv4, and wrong with IPv6 unless UDP_NO_CHECK6_RX', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'a', field(6, 0));
    host.udp.setsockopt(0, sk, 'UDP_NO_CHECK6_RX', 1);
    host.arrive([5, 53], [1, 8080], 'b', field(6, 0));
    const narrow = kind === NARROW;
    expect(host.read(sk)).toBe(narrow ? 'a' : 'b');
    expect(host.read(sk)).toBe(narrow ? 'b' : '<EAGAIN>');
    expect(host.drops).toEqual(narrow ? [] : ['UDP_CSUM']);
    host.end(sk);
  });

  it('what the device says of the checksum counts', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    for (const state of [CHECKSUM_UNNECESSARY, CHECKSUM_PARTIAL]) {
      host.arrive([5, 53], [1, 8080], 'x', (skb) => {
        skb.view.setUint16(skb.data + 6, 0x1234);
        skb.ipSummed = state;
      });
    }
    host.arrive([5, 53], [1, 8080], 'y', (skb) => {
      skb.csum = csumSkb(skb, 0, skb.len);
      skb.ipSummed = CHECKSUM_COMPLETE;
    });
    host.arrive([5, 53], [1, 8080], 'z', (skb) => {
      skb.csum = 1;
      skb.ipSummed = CHECKSUM_COMPLETE;
    });
    expect([0, 1, 2, 3].map(() => host.read(sk))).toEqual(['x', 'x', 'y', '<EAGAIN>']);
    host.end(sk);
  });

  it('a port nobody has: counted, answered, dropped', () => {
    const host = new Host(kind);
    host.arrive([5, 53], [1, 8080], 'x');
    expect(host.drops).toEqual(['NO_SOCKET']);
    expect(host.unreachable).toEqual([5]);
    expect(host.udp.mib.Udp).toMatchObject({ NoPorts: 1, InErrors: 0, InDatagrams: 0 });
    host.end();
  });

  it('wakes the socket', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    const events: number[] = [];
    sk.wake = (_sk, event) => events.push(event);
    host.arrive([5, 53], [1, 8080], 'x');
    expect(events).toEqual([POLLIN]);
    expect(host.udp.poll(sk) & POLLIN).toBe(POLLIN);
    host.end(sk);
  });

  it('from port 0 and to many ports', () => {
    const host = new Host(kind);
    const sk = host.socket(65_535);
    host.arrive([5, 0], [1, 65_535], 'x');
    expect(host.read(sk)).toBe('x');
    expect(host.udp.message.port).toBe(0);
    host.end(sk);
  });
});

describe('full buffers', () => {
  // Linux 6.18 over its loopback: 200 bytes have a truesize of 1280, and so many are kept.
  it.each([
    [2304, 1],
    [2559, 1],
    [2560, 2],
    [4000, 3],
    [6000, 4],
    [8000, 6],
    [20_000, 15],
    [0, 1],
  ])('SO_RCVBUF of %d keeps %d, the others are dropped', (rcvbuf, kept) => {
    const host = new Host();
    const sk = host.socket(8080);
    sk.rcvbuf = rcvbuf;
    for (let i = 0; i < 60; i++) {
      host.arrive([5, 53], [1, 8080], 'x'.repeat(200), (skb) => {
        skb.truesize = 1280;
      });
    }
    expect([sk.receiveQueue.qlen, sk.rmemAlloc]).toEqual([kept, kept * 1280]);
    expect(host.drops).toEqual(Array(60 - kept).fill('SOCKET_RCVBUFF'));
    expect(host.udp.mib.Udp).toMatchObject({ RcvbufErrors: 60 - kept, InErrors: 60 - kept });
    expect(sk.drops).toBe(60 - kept);
    host.end(sk);
  });

  it('udp_mem: no more at all, but for a socket that holds little', () => {
    const host = new Host();
    host.sysctl.udp_mem = [0, 0, 1];
    host.sysctl.udp_rmem_min = 1;
    const sk = host.socket(8080);
    for (let i = 0; i < 10; i++) host.arrive([5, 53], [1, 8080], 'x');
    expect(host.udp.memory.bytes).toBeLessThanOrEqual(4096);
    const refused = 10 - sk.receiveQueue.qlen;
    expect(host.drops).toEqual(Array(refused).fill('PROTO_MEM'));
    expect(host.udp.mib.Udp).toMatchObject({ MemErrors: refused, InErrors: refused, RcvbufErrors: 0 });
    const hungry = host.socket(8081);
    host.arrive([5, 53], [1, 8081], 'x');
    expect(hungry.receiveQueue.qlen).toBe(1);
    host.end(sk, hungry);
  });
});

describe('groups and broadcast', () => {
  it.each([
    ['a group', 100],
    ['broadcast', 255],
  ])('%s: a copy for every socket that could hear it', (_name, to) => {
    const host = new Host();
    const socks = [0, 0, to, 1].map((address) => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(address), 8080);
      return sk;
    });
    const other = host.socket(8081);
    host.arrive([5, 53], [to, 8080], 'all');
    expect(socks.map((sk) => host.read(sk))).toEqual(['all', 'all', 'all', '<EAGAIN>']);
    expect(host.read(other)).toBe('<EAGAIN>');
    expect(host.udp.mib.Udp).toMatchObject({ NoPorts: 0, IgnoredMulti: 0, InDatagrams: 3 });
    host.end(other, ...socks);
  });

  it('only members hear a group; who is connected hears the peer alone', () => {
    const host = new Host();
    const [member, stranger, connected] = [0, 1, 2].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(100), 8080);
      return sk;
    }) as [ReturnType<Host['socket']>, ReturnType<Host['socket']>, ReturnType<Host['socket']>];
    host.udp.connect(0, connected, host.at(6), 53);
    host.members = (sk, group) => group === 100 && sk !== stranger;
    host.arrive([5, 53], [100, 8080], 'x');
    expect([member, stranger, connected].map((sk) => host.read(sk))).toEqual(['x', '<EAGAIN>', '<EAGAIN>']);
    host.arrive([6, 53], [100, 8080], 'y');
    expect([member, stranger, connected].map((sk) => host.read(sk))).toEqual(['y', '<EAGAIN>', 'y']);
    host.end(member, stranger, connected);
  });

  it('for nobody: ignored, never answered', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.members = () => false;
    host.arrive([5, 53], [100, 8080], 'x');
    host.arrive([5, 53], [255, 8081], 'x');
    expect(host.udp.mib.Udp).toMatchObject({ IgnoredMulti: 2, NoPorts: 0, InErrors: 0 });
    expect([host.unreachable, host.drops]).toEqual([[], ['NOT_SPECIFIED', 'NOT_SPECIFIED']]);
    host.end(sk);
  });

  it('devices are told apart', () => {
    const host = new Host();
    const sk = host.socket();
    sk.boundDevIf = 2;
    host.udp.bind(0, sk, host.at(0), 8080);
    host.arrive([5, 53], [100, 8080], 'by 1');
    host.arrive([5, 53], [100, 8080], 'by 2', (skb) => {
      skb.ifindex = 2;
    });
    expect([host.read(sk), host.read(sk)]).toEqual(['by 2', '<EAGAIN>']);
    host.end(sk);
  });

  it('devices are told apart for who is bound to a group and connected', () => {
    const host = new Host();
    const sk = host.socket(8080, 100);
    host.udp.connect(0, sk, host.at(5), 53);
    host.udp.bindToIndex(0, sk, 2);
    host.arrive([5, 53], [100, 8080], 'by 1');
    host.arrive([5, 53], [100, 8080], 'by 2', (skb) => {
      skb.ifindex = 2;
    });
    expect([host.read(sk), host.read(sk)]).toEqual(['by 2', '<EAGAIN>']);
    host.end(sk);
  });

  it('who is woken may close the others, or have another one come in', () => {
    const host = new Host();
    const socks = [0, 1, 2].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(0), 8080);
      return sk;
    });
    let first = true;
    for (const one of socks) {
      one.wake = () => {
        if (!first) return;
        first = false;
        for (const other of socks) if (other !== one) host.udp.close(0, other);
        host.arrive([5, 53], [100, 8080], 'second');
      };
    }
    host.arrive([5, 53], [100, 8080], 'first');
    expect(socks.map((sk) => sk.receiveQueue.qlen).sort()).toEqual([0, 0, 2]);
    expect(host.drops).toEqual(['NO_SOCKET', 'NO_SOCKET']);
    host.end(...socks);
  });

  it('a full buffer keeps the datagram from that socket alone', () => {
    const host = new Host();
    const socks = [0, 1].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(0), 8080);
      return sk;
    });
    (socks[0] as never as { rcvbuf: number }).rcvbuf = 0;
    host.arrive([5, 53], [100, 8080], 'x');
    host.arrive([5, 53], [100, 8080], 'y');
    expect(socks.map((sk) => sk.receiveQueue.qlen)).toEqual([1, 2]);
    expect(host.drops).toEqual(['SOCKET_RCVBUFF']);
    host.end(...socks);
  });
});

describe.each([NARROW, WIDE])('$name: super-packets', (kind) => {
  const bytes = Uint8Array.from({ length: 2500 }, (_, i) => i & 0xff);
  const merged = (skb: SkBuff): void => {
    skb.gsoSize = 1000;
    skb.gsoSegs = 3;
    skb.gsoType = SKB_GSO_UDP_L4;
    skb.ipSummed = CHECKSUM_PARTIAL;
  };

  it('are cut for a socket that did not ask for them', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], bytes, merged);
    const message = new Message();
    for (const [from, length] of [
      [0, 1000],
      [1000, 1000],
      [2000, 500],
    ] as const) {
      const into = new Uint8Array(2500);
      expect(host.udp.recvmsg(0, sk, into, 0, 2500, 0, message)).toBe(length);
      expect(into.slice(0, length)).toEqual(bytes.slice(from, from + length));
      expect([kind.number(message.address), message.port, message.gsoSize]).toEqual([5, 53, 0]);
    }
    expect(host.read(sk)).toBe('<EAGAIN>');
    expect(host.udp.mib.Udp.InDatagrams).toBe(3);
    host.end(sk);
  });

  it('come whole with UDP_GRO, and say how they were cut', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    host.udp.setsockopt(0, sk, 'UDP_GRO', 1);
    host.arrive([5, 53], [1, 8080], bytes, merged);
    const message = new Message();
    expect(host.udp.recvmsg(0, sk, new Uint8Array(2500), 0, 2500, 0, message)).toBe(2500);
    expect(message.gsoSize).toBe(1000);
    host.end(sk);
  });

  it('to a group are cut for each', () => {
    const host = new Host(kind);
    const socks = [0, 1].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(0), 8080);
      return sk;
    });
    host.arrive([5, 53], [100, 8080], bytes, merged);
    expect(socks.map((sk) => sk.receiveQueue.qlen)).toEqual([3, 3]);
    host.end(...socks);
  });

  it('are dropped where memory for the cuts is missing', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    const skb = host.packet([5, 53], [1, 8080], bytes, merged);
    const { page } = host.pool;
    host.pool.page = () => undefined;
    host.udp.receive(0, skb, host.family);
    host.pool.page = page;
    expect(host.drops).toEqual(['NOMEM']);
    expect(host.udp.mib.Udp).toMatchObject({ MemErrors: 1, InErrors: 1 });
    host.end(sk);
  });
});

describe('two families in one engine', () => {
  it('have ports, sockets and groups of their own', () => {
    const host = new Host(NARROW);
    const other = new Host(WIDE);
    const narrow = host.socket(8080);
    const wide = host.udp.socket(other.family);
    expect(host.udp.bind(0, wide, other.at(0), 8080)).toBeUndefined();
    for (const to of [1, 100]) {
      host.arrive([5, 53], [to, 8080], 'narrow');
      const bytes = Uint8Array.from('wide', (letter) => letter.charCodeAt(0));
      host.udp.receive(0, other.packet([5, 53], [to, 8080], bytes), other.family);
    }
    expect([0, 1, 2].map(() => host.read(narrow))).toEqual(['narrow', 'narrow', '<EAGAIN>']);
    expect([0, 1, 2].map(() => host.read(wide))).toEqual(['wide', 'wide', '<EAGAIN>']);
    host.end(narrow, wide);
    other.end();
  });
});

describe('probe', () => {
  it('tells the landmarks of a datagram’s way', () => {
    const host = new Host();
    const sk = host.socket(8080);
    const seen: string[] = [];
    host.udp.probe = (fn) => seen.push(fn);
    host.send(sk, 'x', [5, 53]);
    host.arrive([5, 53], [1, 8080], 'x');
    expect(seen).toEqual(['udp_sendmsg', 'udp_send_skb', 'udp_rcv', 'udp_queue_rcv_skb']);
    host.end(sk);
  });
});
