import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { Netns, NetnsError } from './netns.ts';

const possible = process.platform === 'linux' && process.getuid?.() === 0;
if (!possible) console.log('skipped: network namespaces need Linux and root');
const run = promisify(execFile);

/** Until `condition` holds; the test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.skipIf(!possible && process.env.CI !== 'true')('a network namespace', () => {
  const opened: Netns[] = [];
  const open = async (): Promise<Netns> => {
    const ns = await Netns.open();
    opened.push(ns);
    return ns;
  };
  afterEach(async () => {
    for (const ns of opened.splice(0)) await ns.close();
  });

  it('has a loopback device that is up, and nothing else', async () => {
    const ns = await open();
    expect(ns.run('ip', '-o', 'link').trim()).toMatch(/^1: lo: <LOOPBACK,UP,LOWER_UP>[^\n]*$/);
    expect(readlinkSync(`/proc/${ns.pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
  });

  it('takes an interface in, which is gone with it', async () => {
    const ns = await open();
    const name = `ns${process.pid}`;
    await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`]);
    ns.adopt(name);
    expect(existsSync(`/sys/class/net/${name}`)).toBe(false);
    expect(ns.run('ip', '-o', 'link', 'show', name)).toContain(name);
  });

  it('runs programs, and says in one line what they complained about', async () => {
    const ns = await open();
    expect(() => ns.run('ip', 'link', 'set', 'nope', 'up')).toThrow(
      new NetnsError('EFAILED', 'ip link set nope up: Cannot find device "nope"'),
    );
    expect(() => ns.run('no-such-program')).toThrow(new NetnsError('ENOENT', 'no program no-such-program'));
    expect(() => ns.adopt('nope')).toThrow(/^ip link set nope netns \d+: Cannot find device "nope"$/);
  });

  it('is gone when it is closed, with what ran in it', async () => {
    const ns = await open();
    const child = ns.spawn('sleep', ['1000'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await until(() => ns.pids().length === 2);
    await ns.close();
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(ns.pids()).toEqual([]);
  });

  it('ends with the process that opened it, however that ends', async () => {
    const script = `
      import { Netns } from ${JSON.stringify(new URL('netns.ts', import.meta.url).href)};
      const ns = await Netns.open();
      ns.spawn('sleep', ['1000'], { stdio: 'ignore' });
      ns.spawn('sh', ['-c', 'sleep 1001 & sleep 1002 & wait'], { stdio: 'ignore' });
      while (ns.pids().length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
      console.log(ns.pids().join(' '));
      process.kill(process.pid, process.argv[1]);
      setInterval(() => {}, 1000);`;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL']) {
      const args = ['--experimental-strip-types', '--input-type=module', '-e', script, signal];
      const { stdout } = await run(process.execPath, args).catch((error) => error);
      const pids = stdout.trim().split(' ').map(Number);
      expect(pids).toHaveLength(5);
      await until(() => pids.every((pid: number) => !existsSync(`/proc/${pid}/exe`)));
    }
  });
});
