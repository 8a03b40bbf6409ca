/**
 * The framings against QEMU itself: a machine without a disk, whose network boot ROM asks for an address. Emulated, so neither KVM nor root is needed.
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from '@stack/skbuff';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { connectStream } from './connect-stream.ts';
import { removeFolder, socketPath } from './fixture.ts';
import type { FrameDevice } from './frame-device.ts';
import { listenStream } from './listen-stream.ts';
import { openDgram } from './open-dgram.ts';

const QEMU = 'qemu-system-x86_64';
const hasQemu = spawnSync(QEMU, ['-netdev', 'help'], { encoding: 'utf8' }).stdout?.includes('dgram') ?? false;
if (!hasQemu) console.log(`skipped: no ${QEMU} with -netdev stream and dgram (7.2 or later)`);

/** The machine's address, and what its ROM sends first: to everybody, IPv4, UDP from port 68 to 67. */
const GUEST = 0x52_54_00_12_34_56;
const BROADCAST = 0xffff_ffff_ffff;
const DISCOVER = 1;

const machines: ChildProcess[] = [];
const devices: FrameDevice[] = [];
afterEach(async () => {
  for (const device of devices.splice(0)) device.close();
  for (const machine of machines.splice(0)) {
    const ended = once(machine, 'exit');
    machine.kill('SIGKILL');
    await ended;
  }
});
afterAll(removeFolder);

/** Starts a machine whose only way to boot is this network. */
function boot(netdev: string): ChildProcess {
  const machine = spawn(
    QEMU,
    [
      ...['-M', 'pc,accel=tcg', '-m', '64', '-nodefaults', '-display', 'none', '-boot', 'n'],
      ...['-netdev', `${netdev},id=n0`, '-device', 'virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56'],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  machines.push(machine);
  return machine;
}

/** The first DHCP message that arrives. */
function discover(device: FrameDevice): Promise<{ bytes: Uint8Array; view: DataView }> {
  devices.push(device);
  device.ifindex = 1;
  const poll = (): void => void (device.poll(64) === 64 && setImmediate(poll));
  device.interrupt = () => void setImmediate(poll);
  return new Promise((resolve) => {
    device.receive = (skb) => {
      const bytes = skb.toBytes();
      skb.free();
      const view = new DataView(bytes.buffer);
      const isUdp = view.getUint16(12) === 0x0800 && bytes[23] === 17;
      if (isUdp && view.getUint16(36) === 67) resolve({ bytes, view });
    };
  });
}

/** Checks every field that a lost, moved or changed byte would spoil. */
function expectDiscover({ bytes, view }: { bytes: Uint8Array; view: DataView }): void {
  const mac = (at: number): number => view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
  expect([mac(0), mac(6), mac(14 + 20 + 8 + 28)]).toEqual([BROADCAST, GUEST, GUEST]);
  expect([bytes[14], view.getUint16(16), view.getUint16(34)]).toEqual([0x45, bytes.length - 14, 68]);
  expect(view.getUint16(38)).toBe(bytes.length - 14 - 20);
  expect([sum(view, 14, 20, 0), sum(view, 34, bytes.length - 34, pseudo(view))]).toEqual([0xffff, 0xffff]);
  expect(view.getUint32(14 + 20 + 8 + 236)).toBe(0x6382_5363); // RFC 2131 §3: the magic cookie
  expect([...bytes.subarray(14 + 20 + 8 + 240, 14 + 20 + 8 + 243)]).toEqual([53, 1, DISCOVER]);
}

function pseudo(view: DataView): number {
  let total = 17 + view.getUint16(38);
  for (let at = 26; at < 34; at += 2) total += view.getUint16(at);
  return total;
}

/** The Internet checksum's sum, folded: 0xffff where it holds. */
function sum(view: DataView, at: number, length: number, start: number): number {
  let total = start;
  for (let i = 0; i < length; i += 2) {
    total += i + 1 < length ? view.getUint16(at + i) : view.getUint8(at + i) << 8;
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

describe.skipIf(!hasQemu)('QEMU', () => {
  it('connects to us over a unix socket, and once more when it is started again', async () => {
    const path = socketPath();
    const device = await listenStream({ pool: new Pool(), path });
    const netdev = `stream,server=off,addr.type=unix,addr.path=${path}`;
    const machine = boot(netdev);
    expectDiscover(await discover(device));
    machine.kill('SIGKILL');
    await once(machine, 'exit');
    machines.splice(0);
    boot(netdev);
    expectDiscover(await discover(device));
    expect(device.connections).toBe(2);
    expect(device.stats.rxErrors).toBe(0);
  });

  it('is connected to by us over TCP, when it is there', async () => {
    const port = await freePort();
    const device = await connectStream({ pool: new Pool(), port, reconnect: 50 });
    expect(device.carrierUp).toBe(false);
    const found = discover(device);
    boot(`stream,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=${port}`);
    expectDiscover(await found);
  });

  it('speaks the same over -netdev socket', async () => {
    const device = await listenStream({ pool: new Pool(), port: 0 });
    const { port } = device.local as { port: number };
    boot(`socket,connect=127.0.0.1:${port}`);
    expectDiscover(await discover(device));
  });

  it('sends datagrams over UDP', async () => {
    const port = await freePort();
    const device = await openDgram({ pool: new Pool(), remote: { port } });
    boot(
      `dgram,local.type=inet,local.host=127.0.0.1,local.port=${port},` +
        `remote.type=inet,remote.host=127.0.0.1,remote.port=${device.local.port}`,
    );
    expectDiscover(await discover(device));
  });
});

/** A port that is free for TCP, and likely for UDP. */
async function freePort(): Promise<number> {
  const device = await listenStream({ pool: new Pool(), port: 0 });
  const { port } = device.local as { port: number };
  device.close();
  return port;
}
