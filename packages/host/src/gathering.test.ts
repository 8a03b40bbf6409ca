/** A device that gains by sending several packets in a row gets them so: gathered, and the doorbell rung when the kernel is left. */
import type { SkBuff } from '@stack/skbuff';
import { OK } from '@stack/skbuff/netdev';
import { AF_INET, SOCK_DGRAM } from '@stack/socket';
import { expect, it } from 'vitest';
import { VirtualClock } from './clock/virtual-clock.ts';
import { createHost } from './host.ts';
import { Tun } from './hostile/tun.fixture.ts';

/** Tells what it was asked for. */
class Gathering extends Tun {
  gathers = false;
  readonly log: string[] = [];
  #ring: SkBuff[] = [];
  readonly flush = (): void => {
    this.log.push(`flush ${this.#ring.length}`);
    for (const skb of this.#ring.splice(0)) skb.free();
  };

  override xmit(skb: SkBuff): number {
    this.log.push('xmit');
    this.#ring.push(skb);
    return OK;
  }
}

it('what a call sends goes with one doorbell, at its end', async () => {
  const clock = new VirtualClock();
  const host = createHost({ clock });
  const device = new Gathering();
  host.link.add(device, { up: true });
  expect(device.gathers).toBe(true);
  host.addr.add('10.0.0.1/24', { dev: device.name });
  const socket = host.socket(AF_INET, SOCK_DGRAM);
  await socket.connect({ address: '10.0.0.2', port: 9 });
  await clock.run(socket.send(new Uint8Array(4000))); // three fragments
  expect(device.log).toEqual(['xmit', 'xmit', 'xmit', 'flush 3']);
  await clock.run(socket.send(new Uint8Array(1)));
  expect(device.log.slice(4)).toEqual(['xmit', 'flush 1']);
  await clock.run(host.close());
  expect(host.pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
});
