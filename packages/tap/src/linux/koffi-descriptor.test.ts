/** When the event loop is asked, and for what. */
import { openSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { KoffiDescriptor } from './koffi-descriptor.ts';
import type { Libc, PollEvents } from './libc.ts';

/** A C library whose poll handle writes down what it is told. */
function bench() {
  const told: string[] = [];
  let ready: (status: number, events: PollEvents) => void = () => undefined;
  const note = (name: string) => () => void told.push(name);
  const libc = {
    pointerSize: 8,
    address: () => 0,
    poll: (_: number, __: PollEvents, callback: typeof ready) => {
      ready = callback;
      const start = ({ readable, writable }: PollEvents) => told.push(`start ${readable} ${writable}`);
      return { start, stop: note('stop'), close: note('close'), ref: note('ref'), unref: note('unref') };
    },
  } as unknown as Libc;
  const descriptor = new KoffiDescriptor(libc, openSync('/dev/null', 'r'));
  const events = { readable: note('readable'), writable: note('writable') };
  const tell = (status: number, readable: boolean, writable: boolean) =>
    ready(status, { readable, writable });
  return { descriptor, told, events, tell };
}

describe.skipIf(process.platform === 'win32')('KoffiDescriptor', () => {
  const open: KoffiDescriptor[] = [];
  const made = () => {
    const all = bench();
    open.push(all.descriptor);
    all.told.length = 0;
    return all;
  };
  afterEach(() => {
    for (const descriptor of open.splice(0)) descriptor.close();
  });

  it('asks once for what is wanted', () => {
    const { descriptor, told, events } = made();
    descriptor.want(events, true, false);
    descriptor.want(events, true, false);
    descriptor.want(events, true, true);
    descriptor.want(events, false, false);
    descriptor.want(events, false, false);
    expect(told).toEqual(['start true false', 'start true true', 'stop']);
  });

  it('tells what there is', () => {
    const { descriptor, told, events, tell } = made();
    descriptor.want(events, true, true);
    told.length = 0;
    tell(0, true, false);
    tell(0, false, true);
    expect(told).toEqual(['readable', 'writable']);
  });

  it('asks again after an error, which a read is to explain', () => {
    const { descriptor, told, events, tell } = made();
    descriptor.want(events, true, false);
    tell(-9, false, false);
    descriptor.want(events, true, false);
    expect(told).toEqual(['start true false', 'readable', 'start true false']);
  });

  it('holds the process, or does not', () => {
    const { descriptor, told } = made();
    descriptor.hold(false);
    descriptor.hold(true);
    expect(told).toEqual(['unref', 'ref']);
  });

  it('tells nothing once it is closed', () => {
    const { descriptor, told, events, tell } = made();
    descriptor.want(events, true, false);
    open.splice(0)[0]?.close();
    tell(0, true, true);
    expect(told).toEqual(['start true false', 'close']);
  });

  it('throws what a listener throws where any other error of the event loop appears', async () => {
    const { descriptor, tell } = made();
    const failure = new Error('by the listener');
    const fail = () => {
      throw failure;
    };
    descriptor.want({ readable: fail, writable: fail }, true, false);
    const others = process.rawListeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const caught = new Promise((resolve) => process.once('uncaughtException', resolve));
    tell(0, true, false);
    expect(await caught).toBe(failure);
    for (const listener of others) process.on('uncaughtException', listener as never);
  });
});
