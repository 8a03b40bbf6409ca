import { describe, expect, it } from 'vitest';
import { Pool, type SkBuff } from './index.ts';
import { type ExtendedError, POLLERR, POLLIN, POLLOUT, SO_EE_ORIGIN_ICMP, Sock } from './sock.ts';
import { truesizeOf } from './truesize.ts';

const pool = new Pool({ poison: true });

function packet(length = 100): SkBuff {
  const skb = pool.alloc(length) as SkBuff;
  skb.put(length);
  return skb;
}

/** A socket, and the events it told. */
function watched(): { sk: Sock; events: number[] } {
  const sk = new Sock();
  const events: number[] = [];
  sk.wake = (_sk, event) => events.push(event);
  return { sk, events };
}

function unreachable(payload: number): ExtendedError<number> {
  return {
    errno: 'ECONNREFUSED',
    origin: SO_EE_ORIGIN_ICMP,
    type: 3,
    code: 3,
    info: 0,
    data: 0,
    offender: 0x0a00_0001,
    address: 0x0a00_0002,
    port: 53,
    payload: new Uint8Array(payload),
  };
}

describe('send buffer', () => {
  it('charges truesize until the last reference goes', () => {
    const { sk, events } = watched();
    const skb = packet();
    sk.setOwnerW(skb);
    expect([skb.sk, sk.wmemAlloc]).toEqual([sk, skb.truesize]);
    const { truesize } = skb;
    const twin = skb.clone(); // a copy has no owner
    skb.get();
    skb.free();
    expect(sk.wmemAlloc).toBe(truesize);
    skb.free();
    expect(sk.wmemAlloc).toBe(0);
    expect(events).toEqual([POLLOUT]);
    twin.free();
    expect(sk.wmemAlloc).toBe(0);
  });

  it('moves a packet from one owner to the next', () => {
    const one = new Sock();
    const two = new Sock();
    const skb = packet();
    one.setOwnerW(skb);
    two.setOwnerR(skb);
    expect([one.wmemAlloc, two.rmemAlloc]).toEqual([0, skb.truesize]);
    skb.orphan();
    expect([skb.sk, two.rmemAlloc]).toEqual([undefined, 0]);
    skb.free();
    expect(two.rmemAlloc).toBe(0);
  });

  it('tells who waits once less than half of sndbuf is below', () => {
    const { sk, events } = watched();
    const packets = [packet(), packet(), packet()];
    const cost = (packets[0] as SkBuff).truesize;
    sk.sndbuf = 4 * cost;
    for (const skb of packets) sk.setOwnerW(skb);
    expect(sk.writeable()).toBe(false);
    packets[0]?.free(); // two of four: exactly half is not yet room
    expect([sk.writeable(), events]).toEqual([false, []]);
    packets[1]?.free();
    expect([sk.writeable(), events]).toEqual([true, [POLLOUT]]);
    packets[2]?.free();
    expect(events).toEqual([POLLOUT, POLLOUT]);
  });

  it('asks a protocol with a rule of its own', () => {
    let asked = 0;
    class Other extends Sock {
      override writeSpace(): void {
        asked++;
      }
    }
    const skb = packet();
    new Other().setOwnerW(skb);
    skb.free();
    expect(asked).toBe(1);
  });
});

describe('receive buffer', () => {
  it('queues, charges, tells; what is read is no longer charged once it is freed', () => {
    const { sk, events } = watched();
    const skb = packet();
    expect(sk.queueRcv(skb)).toBe(true);
    expect([sk.rmemAlloc, sk.receiveQueue.qlen, events]).toEqual([skb.truesize, 1, [POLLIN]]);
    expect(sk.receiveQueue.shift()).toBe(skb);
    expect(sk.rmemAlloc).toBe(skb.truesize);
    skb.free();
    expect(sk.rmemAlloc).toBe(0);
  });

  it('has no room once rcvbuf is reached exactly', () => {
    const { sk } = watched();
    const [a, b] = [packet(), packet()];
    sk.rcvbuf = a.truesize;
    expect([sk.queueRcv(a), sk.queueRcv(b), sk.drops]).toEqual([true, false, 1]);
    b.free();
    sk.purgeQueues();
  });

  it('takes the packet that overshoots, then drops and counts', () => {
    const { sk, events } = watched();
    const [a, b, c] = [packet(), packet(), packet()];
    sk.rcvbuf = a.truesize + 1;
    expect([sk.queueRcv(a), sk.queueRcv(b), sk.queueRcv(c)]).toEqual([true, true, false]);
    expect([sk.drops, sk.receiveQueue.qlen, events.length]).toEqual([1, 2, 2]);
    expect([c.users, c.sk]).toEqual([1, undefined]); // still the caller's
    c.free();
    sk.purgeQueues();
    expect(sk.rmemAlloc).toBe(0);
  });
});

describe('errors', () => {
  it('gives the pending error once', () => {
    const { sk, events } = watched();
    expect(sk.takeError()).toBe('');
    sk.reportError('ECONNRESET');
    expect([sk.err, events]).toEqual(['ECONNRESET', [POLLERR]]);
    expect([sk.takeError(), sk.takeError()]).toEqual(['ECONNRESET', '']);
  });

  it('queues errors in order, charged to the receive buffer', () => {
    const { sk, events } = watched();
    const [a, b] = [unreachable(8), unreachable(1000)];
    expect([sk.queueError(a), sk.queueError(b)]).toEqual([true, true]);
    expect(sk.rmemAlloc).toBe(truesizeOf(8) + truesizeOf(1000));
    expect(events).toEqual([POLLERR, POLLERR]);
    expect(sk.shiftError()).toBe(a);
    expect(sk.rmemAlloc).toBe(truesizeOf(1000));
    expect([sk.shiftError(), sk.shiftError(), sk.rmemAlloc]).toEqual([b, undefined, 0]);
  });

  it('refuses an error that would fill the buffer', () => {
    const { sk, events } = watched();
    sk.rcvbuf = truesizeOf(8);
    expect(sk.queueError(unreachable(8))).toBe(false);
    expect([sk.rmemAlloc, sk.shiftError(), events]).toEqual([0, undefined, []]);
    sk.rcvbuf++;
    expect(sk.queueError(unreachable(8))).toBe(true);
  });

  it('frees both queues', () => {
    const { sk } = watched();
    sk.queueRcv(packet());
    sk.queueError(unreachable(8));
    sk.purgeQueues();
    expect([sk.rmemAlloc, sk.receiveQueue.qlen, sk.errorQueue]).toEqual([0, 0, []]);
    expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
  });
});

it('costs a socket few fields: nobody waits, nothing is queued', () => {
  const sk = new Sock();
  const skb = packet();
  expect(sk.queueRcv(skb)).toBe(true); // without a `wake`
  sk.purgeQueues();
  expect(sk.errorQueue).toBeUndefined();
});
