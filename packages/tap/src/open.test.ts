/** Opening, with and without what it takes: koffi, root, Linux. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { Pool, type SkBuff } from '@stack/skbuff';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInherited } from './laws.fixture.ts';
import { loadLibc } from './linux/libc.ts';
import { openTunDevice } from './linux/tun.ts';
import { Netns } from './netns.ts';
import { open, openTap, openTun, type TapOptions } from './open.ts';
import type { Tap } from './tap.ts';

const pool = new Pool();
const isLinux = process.platform === 'linux';
const isPossible = isLinux && process.getuid?.() === 0 && existsSync('/dev/net/tun');
if (!isPossible) console.log('skipped: TAP devices need Linux, root and /dev/net/tun');
const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);
const fds = () => readdirSync('/proc/self/fd').length;

/** Turns of the event loop until `condition` holds; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('openTap', () => {
  it.each([
    [{ mtu: 67 }, 'tap: mtu 67 is below 68'],
    [{ mtu: 65_536 }, 'tap: mtu 65536 is not in 0..65535'],
    [{ address: -1 }, 'tap: address -1 is not in 0..281474976710655'],
    [{ fd: 1.5 }, 'tap: fd 1.5 is not in 0..2147483647'],
    [{ name: 'sixteen-letters!' }, 'tap: "sixteen-letters!" is no name for an interface'],
    [{ name: 'a b' }, 'tap: "a b" is no name for an interface'],
    [{ name: '' }, 'tap: "" is no name for an interface'],
  ])('refuses %j', async (options, message) => {
    await expect(openTap({ pool, ...options })).rejects.toThrow(new RangeError(message));
  });

  it.each(['darwin', 'win32'])('does not exist on %s', async (platform) => {
    await expect(open('ether', { pool }, { platform, loadLibc })).rejects.toMatchObject({
      name: 'TapError',
      code: 'ERR_NOT_SUPPORTED',
      message: `TAP devices are Linux only, and this is ${platform}; use the QEMU framing of @stack/tap, over a socket`,
    });
  });

  it('says what is missing where koffi is', async () => {
    const missing = () => loadLibc(() => Promise.reject(new Error('not found')));
    const opened = open('ether', { pool }, { platform: 'linux', loadLibc: missing });
    await expect(opened).rejects.toMatchObject({ name: 'TapError', code: 'ERR_NO_KOFFI' });
    await expect(opened).rejects.toThrow(
      /^koffi, .*: npm install koffi, or give an inherited descriptor as \{ fd \}$/,
    );
  });

  it.skipIf(!isLinux)('tells a descriptor that is no TAP', async () => {
    for (const fd of [1, 99_999]) {
      const message = `descriptor ${fd} is not one of /dev/net/tun, or has no interface yet`;
      await expect(openTap({ pool, fd })).rejects.toMatchObject({ code: 'EBADF', message });
    }
  });
});

describe.skipIf(!isPossible && process.env.CI !== 'true')('interfaces of this machine', () => {
  let before = 0;
  const taps: Tap[] = [];
  let made = 0;
  const unique = () => `t${process.pid}x${made++}`;
  const opened = async (options: Partial<TapOptions> = {}, how = openTap): Promise<Tap> => {
    const tap = await how({ pool, name: unique(), ...options });
    taps.push(tap);
    return tap;
  };
  beforeEach(async () => {
    await loadLibc();
    before = fds();
  });
  afterEach(() => {
    for (const tap of taps.splice(0)) tap.close();
    expect(fds()).toBe(before);
    expect(pool.stats.inUse).toBe(0);
  });

  it('exist from opening to closing', async () => {
    const tap = await opened({ name: 'tap%d' });
    expect(tap.kernelName).toMatch(/^tap\d+$/);
    expect([tap.name, tap.type, tap.mtu]).toEqual([tap.kernelName, 'ether', 1500]);
    expect(tap.features).toEqual({ rx: true, tx: true, tso: true });
    expect(Math.floor(tap.address / 0x100_0000_0000)).toBe(2);
    expect(existsSync(`/sys/class/net/${tap.kernelName}`)).toBe(true);
    tap.close();
    expect(existsSync(`/sys/class/net/${tap.kernelName}`)).toBe(false);
    const tun = await opened({ offloads: false }, openTun);
    expect([tun.type, tun.address, tun.features.tso]).toEqual(['none', 0, false]);
  });

  it('offer the kernel their offloads', async () => {
    const tap = await opened();
    const { stdout } = await run('cat', [`/sys/class/net/${tap.kernelName}/tun_flags`]);
    expect(Number(stdout) & 0x5002).toBe(0x5002);
  });

  it.each([true, false])('are taken through NAPI where that is asked for: %s', async (napi) => {
    const tap = await opened({ napi, offloads: false });
    const { stdout } = await run('cat', [`/sys/class/net/${tap.kernelName}/tun_flags`]);
    expect(Number(stdout) & 0x5012).toBe(napi ? 0x1012 : 0x1002);
  });

  it.each([
    ['EBUSY', 'tap interface NAME is in use: another program has it open', openTap],
    ['EINVAL', 'tun interface NAME exists and is of another kind, or its name is not a legal one', openTun],
  ])('tell %s', async (code, message, how) => {
    const { kernelName: name } = await opened();
    await expect(how({ pool, name })).rejects.toMatchObject({ code, message: message.replace('NAME', name) });
  });

  it('are given back where there is no memory to receive to', async () => {
    const small = new Pool({ chunkSize: 65_536, limit: 2 * 65_536 });
    await expect(openTap({ pool: small, name: unique() })).rejects.toMatchObject({ code: 'ENOBUFS' });
    expect(small.stats.inUse).toBe(0);
  });

  it('tell who may not', () => {
    const script = `
      import { openTap } from '@stack/tap';
      process.setgid(65534);
      process.setuid(65534);
      await openTap({ pool: undefined, name: 'nope0' }).catch(({ code, message }) => console.log(code, message));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^(EACCES no permission to open \/dev\/net\/tun: run as root|EPERM no permission for tap interface nope0: )/,
    );
  });

  it('say that they were deleted, and leave nothing behind', async () => {
    const tap = await opened();
    const told: string[] = [];
    tap.interrupt = () => void tap.poll(64);
    tap.linkChange = (_, up) => void told.push(`carrier ${up}`);
    await ip('link', 'del', tap.kernelName);
    await until(() => tap.error !== undefined);
    expect(told).toEqual(['carrier false']);
    expect(tap.error).toMatchObject({ name: 'TapError', code: 'EBADFD' });
    expect(fds()).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 20)); // nothing spins
    expect(told).toEqual(['carrier false']);
  });

  it('say so when their namespace ends', async () => {
    const ns = await Netns.open();
    const tap = await opened();
    ns.adopt(tap.kernelName);
    tap.interrupt = () => void tap.poll(64);
    await ns.close();
    await until(() => tap.error !== undefined);
    expect(tap.error).toMatchObject({ name: 'TapError', code: 'EBADFD' });
  });

  it('say so too without koffi', async () => {
    const tap = await openInherited({ pool, name: unique(), offloads: true });
    taps.push(tap);
    tap.interrupt = () => void tap.poll(64);
    await ip('link', 'del', tap.kernelName);
    await until(() => tap.error !== undefined);
    expect(tap.error).toMatchObject({ name: 'TapError', code: 'EBADFD' });
  });

  it.each([
    ['with koffi', openTap],
    ['without', openInherited],
  ])('tell a new host of what came before it, %s', async (_, how) => {
    const ns = await Netns.open();
    const tap = await how({ pool, name: unique(), offloads: true });
    taps.push(tap);
    let told = 0;
    tap.interrupt = () => void told++;
    ns.adopt(tap.kernelName);
    ns.run('ip', 'link', 'set', tap.kernelName, 'up');
    ns.run('ip', 'address', 'add', '10.0.0.1/24', 'dev', tap.kernelName);
    ns.spawn('ping', ['-c', '1', '10.0.0.2'], { stdio: 'ignore' });
    await until(() => told === 1);
    tap.interrupt = () => void told++;
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(2); // before the kernel asks again, in a second
    tap.poll(64);
    expect(tap.stats.rxNohandler).toBeGreaterThan(0);
    await ns.close();
  });

  it('do not take packets while the kernel has them down', async () => {
    const tap = await opened();
    expect(tap.xmit(pool.alloc(60) as SkBuff)).toBe(0);
    const frame = pool.alloc(60) as SkBuff;
    frame.put(60);
    tap.xmit(frame);
    expect(tap.stats).toMatchObject({ txDropped: 1, txErrors: 1, txCarrierErrors: 1, txPackets: 0 });
    expect(tap.error).toBeUndefined();
  });

  it('do not lose their memory to a transfer', async () => {
    const tap = await opened();
    await ip('link', 'set', tap.kernelName, 'up');
    const bytes = new Uint8Array(60);
    const own = pool.wrap(bytes);
    tap.xmit(own.clone()); // from now on its address is known
    expect(tap.stats).toMatchObject({ txErrors: 0, txPackets: 1 });
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(tap.xmit(own)).toBe(0);
    expect(tap.stats).toMatchObject({ txErrors: 1, txPackets: 1 });
  });

  describe('inherited', () => {
    const inherit = async (name: string, type: 'ether' | 'none', offloads: boolean) =>
      openTunDevice(await loadLibc(), { type, name, offloads }).fd;

    it.each([true, false])('are what their launcher made them, offloads %s', async (offloads) => {
      const name = unique();
      const fd = await inherit(name, 'ether', offloads);
      const tap = await opened({ fd, name: 'ignored' });
      expect([tap.kernelName, tap.features.tso]).toEqual([name, offloads]);
    });

    it.each([
      ['none', {}, 'it is a TUN: openTun'],
      ['ether', { offloads: false }, 'its launcher opened it with IFF_VNET_HDR: offloads is true'],
    ] as const)('are refused where they are another thing: %s %j', async (type, options, message) => {
      const name = unique();
      const fd = await inherit(name, type, true);
      const refused = { code: 'EINVAL', message: `${name}: ${message}` };
      await expect(openTap({ pool, fd, ...options })).rejects.toMatchObject(refused);
      taps.push(await (type === 'none' ? openTun : openTap)({ pool, fd })); // still the caller's
    });
  });

  it.each([
    ['ends when it is closed', 'tap.close()'],
    ['ends when it is not held', 'tap.unref()'],
  ])('let a process end: it %s', (_, statement) => {
    const script = `
      import { openTap } from '@stack/tap';
      import { Pool } from '@stack/skbuff';
      const tap = await openTap({ pool: new Pool(), name: '${unique()}' });
      tap.interrupt = () => {};
      setTimeout(() => { ${statement}; console.log('done'); }, 50);`;
    const started = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([started.stdout, started.stderr, started.status]).toEqual(['done\n', '', 0]);
  });
});
