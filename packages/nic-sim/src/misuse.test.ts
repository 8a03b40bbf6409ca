import { Pool } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { decode, encode } from './codec.ts';
import { bench, frameBytes, packet } from './fixture.ts';
import { Nic } from './nic.ts';
import { push } from './ring.ts';
import { Switch } from './switch.ts';
import { Wire } from './wire.ts';

const clock = new VirtualClock();
const ports = (): Record<string, unknown> => {
  const { ports } = new Switch({ clock, ports: 2 });
  return { clock, a: ports[0], b: ports[1] };
};
const nic = (): Record<string, unknown> => ({ clock, pool: new Pool(), address: 2 });

describe('a wire says what is wrong with its options', () => {
  it.each<[string, object]>([
    ['wire: loss 5 is not a probability', { loss: 5 }],
    ['wire: corrupt NaN is not a probability', { corrupt: Number.NaN }],
    ['wire: duplicate -1 is not a probability', { aToB: { duplicate: -1 } }],
    ['wire: reorder 1.5 is not a probability', { bToA: { reorder: 1.5 } }],
    ['wire: reorder undefined is not a probability', { reorder: undefined }],
    ['wire: flightLimit 0.5 is not a whole number within 1..', { flightLimit: 0.5 }],
    ['wire: flightLimit 0 is not a whole number within 1..', { flightLimit: 0 }],
  ])('%s', (message, options) => {
    const make = (): Wire => new Wire({ ...ports(), ...options } as never);
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });

  it.each<[string, object]>([
    ['wire: option clock is missing', { clock: undefined }],
    ['wire: option a is missing', { a: undefined }],
    ['wire: option b is missing', { b: null }],
    ['wire: option b is no endpoint: give it a NIC or a port of a switch', { b: {} }],
    ['wire: loss is no probability, list of positions or function', { loss: 'often' }],
    ['wire: loss is no probability, list of positions or function', { loss: null }],
  ])('%s', (message, options) => {
    expect(() => new Wire({ ...ports(), ...options } as never)).toThrow(new TypeError(message));
  });
});

describe('a NIC and a switch say what is missing', () => {
  it.each(['clock', 'pool', 'address'])('nic: option %s', (name) => {
    const make = (): Nic => new Nic({ ...nic(), [name]: undefined } as never);
    expect(make).toThrow(new TypeError(`nic: option ${name} is missing`));
  });

  it.each(['clock', 'ports'])('switch: option %s', (name) => {
    const make = (): Switch => new Switch({ clock, ports: 2, [name]: undefined } as never);
    expect(make).toThrow(new TypeError(`switch: option ${name} is missing`));
  });
});

describe('the caller', () => {
  it('is told at once that a packet it sends was freed', () => {
    const net = bench();
    for (const send of [(skb: never) => net.a.xmit(skb), (skb: never) => push(net.a.tx, skb)]) {
      const skb = packet(net.poolA, frameBytes(46));
      skb.free();
      expect(() => send(skb as never)).toThrow(new RangeError('nic: an skb that was freed'));
    }
    const buffer = net.poolB.alloc(2048)!;
    buffer.free();
    expect(() => push(net.b.rx, buffer)).toThrow(new RangeError('nic: an skb that was freed'));
    net.clock.run();
    expect(net.received).toEqual([]);
    net.close();
  });

  it.each(['bogus', 'constructor', undefined])('is told that there is no descriptor of kind %s', (kind) => {
    expect(() => decode(new Uint8Array(16), kind as never)).toThrow(RangeError);
    expect(() => encode({ kind } as never)).toThrow(RangeError);
  });
});
