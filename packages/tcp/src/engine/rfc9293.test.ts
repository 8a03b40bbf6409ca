/**
 * RFC 9293's numbered requirements (appendix B): those that no other test has. @stack/conformance has scripts of most, and the table of all.
 */
import { CHECKSUM_PARTIAL, checksumHelp, type SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import { describe, expect, it } from 'vitest';
import { verify } from '../checksum.ts';
import { Host, pattern, seeded, World } from './fixture.ts';
import { PEER, Script } from './script.fixture.ts';
import { CLOSE, ESTABLISHED, LISTEN } from './state.ts';

const established = (): Script => new Script().accepted({ mss: 1000, win: 60_000 });

/** The segments that a host sends, headers and all. */
function tapped(host: Host): SkBuff[] {
  const sent: SkBuff[] = [];
  host.tap = (skb) => {
    sent.push(skb.get());
    return true;
  };
  return sent;
}

describe('checksums', () => {
  it('are computed by the sender (MUST-2): the seed that devices complete makes every segment right', () => {
    const s = established();
    const sent = tapped(s.host);
    s.send(2500);
    s.close();
    expect(sent.length).toBe(3); // the FIN goes with the last
    for (const skb of sent) {
      expect(skb.ipSummed).toBe(CHECKSUM_PARTIAL);
      expect(checksumHelp(skb)).toBe(true);
      skb.pull(20);
      expect(verify(skb, pseudoIpv4(s.host.address, PEER, 6, skb.len))).toBe(true);
      skb.free();
    }
  });
});

describe('options', () => {
  it('are taken in any segment (MUST-5), the three of RFC 9293 too (MUST-4), at any alignment (MUST-64)', () => {
    const s = new Script().connect().out('S 0:0(0)');
    s.in('S. 0:0(0) ack 1 win 5000 <nop,mss 700,nop,nop,nop>').out('. 1:1(0) ack 1').info({ sndMss: 700 });
    s.in('P. 1:11(10) ack 1 win 5000 <mss 100,nop,nop,nop,nop>').take();
    s.recv(10, 10);
    s.info({ sndMss: 700 });
  });

  it('of our own are words, so that no padding is needed (MUST-69), and MSS is in a SYN alone (MUST-65)', () => {
    const s = new Script({ sysctl: { tcp_window_scaling: 0 } }).connect();
    s.out('S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0>');
    s.in('S. 0:0(0) ack 1 win 5000 <mss 1000,nop,nop,TS val 5 ecr 1000>').out(
      '. 1:1(0) ack 1 <nop,nop,TS val 0 ecr 5>',
    );
    s.send(10).out('P. 1:11(10) ack 1 <nop,nop,TS val 0 ecr 5>');
    s.close().out('F. 11:11(0) ack 1 <nop,nop,TS val 0 ecr 5>');
  });

  it('MSS tells what the route takes (MUST-67), less where TCP_MAXSEG says so', () => {
    const s = new Script({ mtu: 9000 });
    s.connect().out('S 0:0(0) <mss 8960,sackOK,TS val 0 ecr 0,nop,wscale 7>');
    const narrow = new Script({ mtu: 9000 });
    narrow.host.advmss = 1200;
    narrow.connect().out('S 0:0(0) <mss 1200,sackOK,TS val 0 ecr 0,nop,wscale 7>');
  });
});

describe('initial sequence numbers', () => {
  const isn = (seed: number, wait: number, peer: number): number => {
    const world = new World();
    const host = new Host(world, 0x0a00_0001, {}, seeded(seed));
    world.advance(wait);
    const sk = host.socket();
    host.tcp.bind(world.now, sk, 0, 5000);
    host.tcp.connect(world.now, sk, peer, 80);
    return sk.iss >>> 0;
  };

  it('follow a clock (MUST-8), and a keyed hash that only this host can compute (SHLD-1, MUST-9)', () => {
    expect(isn(1, 0, PEER)).toBe(isn(1, 0, PEER));
    expect((isn(1, 8000, PEER) - isn(1, 0, PEER)) >>> 0).toBe(125_000); // a tick is 64 ns
    expect(isn(2, 0, PEER)).not.toBe(isn(1, 0, PEER));
    expect(isn(1, 0, PEER + 1)).not.toBe(isn(1, 0, PEER));
  });
});

describe('opening', () => {
  it('remembers who opened (MUST-11): a RST sends a request back to LISTEN, and ends what connect() began', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 8);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1').in('R 1:1(0) win 0').quiet();
    expect(s.sk.state).toBe(LISTEN);
    expect(s.sk.err).toBe('');
    const active = new Script().connect().out('S 0:0(0)');
    active.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1').in('R 1:1(0) win 0').quiet();
    expect(active.sk.state).toBe(CLOSE);
    expect(active.sk.takeError()).toBe('ECONNRESET');
  });

  it('takes the local address the caller names (MUST-43), else the one routing gives (MUST-44), and keeps it (MUST-45)', () => {
    const s = new Script();
    expect(s.host.tcp.bind(s.now, s.sk, s.host.address, 6000)).toBeUndefined();
    s.connect().out('S 0:0(0)');
    expect([s.sk.saddr, s.sk.sport]).toStrictEqual([s.host.address, 6000]);
    const other = new Script();
    const sent = tapped(other.host);
    other.host.tcp.connect(other.now, other.sk, PEER, 80);
    expect(other.sk.saddr).toBe(other.host.address);
    expect(sent[0]?.view.getUint32((sent[0] as SkBuff).networkHeader + 12)).toBe(other.host.address);
    for (const skb of sent) skb.free();
  });

  it('refuses SYNs from groups (MUST-63), and answers nobody who is none', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 8);
    const syn = new Uint8Array(20);
    const view = new DataView(syn.buffer);
    view.setUint16(2, 80);
    view.setUint16(12, 0x5002);
    s.host.receive(syn, 0xe000_0001, 1);
    s.host.receive(syn, 0xffff_ffff, 1);
    view.setUint16(2, 81);
    s.host.receive(syn, 0xe000_0001, 1);
    s.quiet();
    expect(s.host.tcp.tables.count).toBe(0);
    expect(s.host.tcp.mib.TcpExt.ListenDrops).toBe(2);
  });
});

describe('aggregation', () => {
  it('processes all that is queued before it acknowledges (MUST-59): one ACK for a super-packet', () => {
    const s = established();
    s.in('P. 1:20001(20000) ack 1 win 60000').out('. 1:1(0) ack 20001').quiet();
    s.recv(20_000).ignore();
  });

  it('makes a RST with data a RST (SHLD-2)', () => {
    const s = established();
    s.in('R 1:11(10) win 0', pattern(10)).quiet();
    expect(s.sk.state).toBe(CLOSE);
  });
});

describe('Diffserv', () => {
  it('goes unchanged to IP with every segment (MUST-48, SHLD-22), and may change any time (SHLD-21)', () => {
    const s = established();
    const seen: number[] = [];
    const { output } = s.host.family;
    s.host.family.output = (now, skb, dst, from) => {
      seen.push(from.inet.tos);
      return output(now, skb, dst, from);
    };
    s.sk.inet.tos = 0x10;
    s.send(10);
    s.sk.inet.tos = 0x28;
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.send(10);
    expect(seen).toStrictEqual([0x10, 0x28]);
    expect(s.sk.state).toBe(ESTABLISHED);
  });
});
