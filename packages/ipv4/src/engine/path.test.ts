import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { type Dst, NO_METRICS } from './dst.ts';
import { Exceptions, MAX_EXCEPTIONS } from './exceptions.ts';
import { ip4, type Toy, World } from './fixture.ts';

const SECOND = 1_000_000;
let world: World;
let host: Toy;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  host.fib.route(0, 0, 2, { via: ip4('10.0.0.9') });
});

const route = (daddr = '8.8.8.8'): Dst => host.route(ip4(daddr)) as Dst;

describe('path MTU (RFC 1191 §6.3)', () => {
  it('falls to what is told, for that destination alone, and for whoever holds its route', () => {
    const dst = route();
    host.ip.updatePmtu(world.now, dst, 1400);
    expect([dst.mtu(world.now), dst.advmss]).toEqual([1400, 1360]);
    expect(dst.obsolete()).toBe(false);
    expect(route()).toBe(dst);
    expect(route('8.8.4.4').mtu(world.now)).toBe(1500);
  });

  it('never rises by an ICMP message', () => {
    const dst = route();
    host.ip.updatePmtu(world.now, dst, 1600);
    expect(dst.mtu(world.now)).toBe(1500);
    host.ip.updatePmtu(world.now, dst, 1000);
    host.ip.updatePmtu(world.now, dst, 1200);
    expect(dst.mtu(world.now)).toBe(1000);
  });

  it.each([68, 0, 551])('is never below min_pmtu, and DF is off then: %i told', (told) => {
    const dst = route();
    host.ip.updatePmtu(world.now, dst, told);
    expect([dst.mtu(world.now), dst.mtuLocked(world.now)]).toEqual([552, true]);
  });

  it('of min_pmtu itself is believed', () => {
    const dst = route();
    host.ip.updatePmtu(world.now, dst, 552);
    expect([dst.mtu(world.now), dst.mtuLocked(world.now)]).toEqual([552, false]);
  });

  it('holds mtu_expires', () => {
    const dst = route();
    host.ip.updatePmtu(world.now, dst, 1400);
    expect(dst.mtu(world.now + 600 * SECOND - 1)).toBe(1400);
    expect(dst.mtu(world.now + 600 * SECOND)).toBe(1500);
    world.run(world.now + 600 * SECOND);
    expect(route().mtu(world.now)).toBe(1500);
    expect(host.ip.exceptions.size).toBe(0);
  });

  it('told again is renewed in the second half of its life alone', () => {
    const dst = route();
    host.ip.updatePmtu(world.now, dst, 1400);
    const { genid } = host.ip.exceptions;
    host.ip.updatePmtu(world.now + 299 * SECOND, dst, 1400);
    expect(host.ip.exceptions.genid).toBe(genid);
    host.ip.updatePmtu(world.now + 301 * SECOND, dst, 1400);
    expect(dst.mtu(world.now + 900 * SECOND)).toBe(1400);
  });

  it('leaves a locked route alone', () => {
    host.fib.route(ip4('9.0.0.0'), 8, 2, { metrics: { ...NO_METRICS, mtu: 1450, mtuLock: true } });
    const dst = route('9.1.1.1');
    host.ip.updatePmtu(world.now, dst, 1000);
    expect(dst.mtu(world.now)).toBe(1450);
  });

  it('comes in a quote, and is about the packet’s way', () => {
    const quote = {
      view: new DataView(new ArrayBuffer(8)),
      at: 0,
      length: 8,
      saddr: ip4('10.0.0.1'),
      daddr: ip4('8.8.8.8'),
      protocol: 17,
      type: 3,
      code: 4,
      info: 1300,
      errno: 'EMSGSIZE',
      fatal: false,
      offender: ip4('10.0.0.9'),
      ifindex: 2,
      payload: () => new Uint8Array(0),
    };
    host.ip.quotePmtu(world.now, quote);
    expect(route().mtu(world.now)).toBe(1300);
    host.ip.quotePmtu(world.now, { ...quote, saddr: ip4('1.2.3.4'), info: 1000 }); // not ours
    expect(route().mtu(world.now)).toBe(1300);
  });
});

describe('redirects (RFC 1122 §3.2.2.2)', () => {
  const redirect = (from: string, to: string, daddr = '8.8.8.8'): string => {
    host.ip.redirect(world.now, 2, ip4(daddr), ip4(from), ip4(to));
    return formatAddress(route(daddr).gateway);
  };

  it('from the current gateway are followed, and so is the next one', () => {
    const held = route();
    expect(redirect('10.0.0.9', '10.0.0.8')).toBe('10.0.0.8');
    expect(formatAddress(held.gateway)).toBe('10.0.0.8');
    expect(redirect('10.0.0.9', '10.0.0.7')).toBe('10.0.0.8');
    expect(redirect('10.0.0.8', '10.0.0.7')).toBe('10.0.0.7');
    expect(formatAddress(route('8.8.4.4').gateway)).toBe('10.0.0.9');
  });

  it('hold for five minutes', () => {
    redirect('10.0.0.9', '10.0.0.8');
    world.run(world.now + 300 * SECOND);
    expect(formatAddress(route().gateway)).toBe('10.0.0.9');
  });

  it.each([
    ['somebody else', '10.0.0.77', '10.0.0.8', {}],
    ['to ourselves', '10.0.0.9', '10.0.0.1', {}],
    ['to a group', '10.0.0.9', '224.0.0.1', {}],
    ['to everybody', '10.0.0.9', '255.255.255.255', {}],
    ['to the broadcast address', '10.0.0.9', '10.0.0.255', {}],
    ['to nobody', '10.0.0.9', '0.0.0.0', {}],
    ['without the sysctl', '10.0.0.9', '10.0.0.8', { accept_redirects: 0 }],
    ['off the link', '10.0.0.9', '11.0.0.8', { shared_media: 0, secure_redirects: 0 }],
    ['to a gateway of no default route', '10.0.0.9', '10.0.0.8', { shared_media: 0 }],
  ])('%s are ignored', (_, from, to, conf) => {
    Object.assign(host.conf('eth0'), conf);
    expect(redirect(from, to)).toBe('10.0.0.9');
  });

  it('without shared media go to a gateway that a default route names', () => {
    Object.assign(host.conf('eth0'), { shared_media: 0 });
    host.fib.route(ip4('7.0.0.0'), 8, 2, { via: ip4('10.0.0.8') });
    expect(redirect('10.0.0.9', '10.0.0.8')).toBe('10.0.0.9');
    expect(redirect('10.0.0.8', '10.0.0.9', '7.1.1.1')).toBe('10.0.0.9');
    Object.assign(host.conf('eth0'), { secure_redirects: 0 });
    expect(redirect('10.0.0.9', '10.0.0.8')).toBe('10.0.0.8');
  });
});

describe('Exceptions', () => {
  it('never are more than the limit, and the latest stay', () => {
    const exceptions = new Exceptions();
    for (let i = 1; i <= MAX_EXCEPTIONS; i++) exceptions.renew(i, 1, 0);
    exceptions.renew(1, 1, 0); // renewed: not the oldest any more
    exceptions.renew(MAX_EXCEPTIONS + 1, 1, 0);
    expect(exceptions.size).toBe(MAX_EXCEPTIONS);
    expect(exceptions.find(1, 1, 0)).toBeDefined();
    expect(exceptions.find(2, 1, 0)).toBeUndefined();
    exceptions.flush();
    expect([exceptions.size, exceptions.find(1, 1, 0)]).toEqual([0, undefined]);
  });

  it('make room one by one, whatever shares a destination', () => {
    const exceptions = new Exceptions();
    exceptions.renew(1, 1, 0);
    exceptions.renew(1, 2, 0);
    exceptions.renew(1, 3, 0);
    for (let i = 4; i <= MAX_EXCEPTIONS + 1; i++) exceptions.renew(i, 1, 0);
    expect([1, 2, 3].map((ifindex) => exceptions.find(1, ifindex, 0) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    exceptions.renew(0, 1, 0);
    exceptions.renew(0, 2, 0);
    expect([exceptions.size, exceptions.find(1, 3, 0)]).toEqual([MAX_EXCEPTIONS, undefined]);
  });

  it('agree with a list', () => {
    const step = fc.tuple(fc.nat(5), fc.nat(2), fc.nat(2), fc.boolean());
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const exceptions = new Exceptions();
        const model = new Map<string, number>();
        steps.forEach(([daddr, ifindex, gateway, forget], index) => {
          const key = `${daddr} ${ifindex} ${gateway}`;
          const { genid } = exceptions;
          const found = exceptions.find(daddr, ifindex, gateway);
          if (forget) {
            if (found !== undefined) exceptions.forget(found);
            model.delete(key);
          } else {
            exceptions.renew(daddr, ifindex, gateway).pmtu = index + 1;
            model.set(key, index + 1);
            expect(exceptions.genid).not.toBe(genid);
          }
        });
        expect(exceptions.size).toBe(model.size);
        for (const [key, pmtu] of model) {
          const [daddr, ifindex, gateway] = key.split(' ').map(Number) as [number, number, number];
          expect(exceptions.find(daddr, ifindex, gateway)?.pmtu).toBe(pmtu);
        }
      }),
    );
  });
});
