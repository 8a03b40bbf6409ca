/**
 * Where tests against the kernel run, and what they leave behind: nothing.
 * @module
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Netns } from '@stack/tap';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { Lab, type LabOptions, PREFIX } from './lab.ts';
import { installAll } from './programs.ts';

const possible = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/dev/net/tun');
const skipped = !possible && process.env.CI !== 'true';
if (skipped) console.log('skipped: tests against the kernel need Linux, root and /dev/net/tun');

/** Makes labs and namespaces that end with the test. */
export interface Bench {
  open(options?: LabOptions): Promise<Lab>;
  /** One more namespace, with no TAP in it. */
  netns(): Promise<Netns>;
}

/** `describe` for tests against the kernel. */
export function interop(name: string, body: (bench: Bench) => void): void {
  describe.skipIf(skipped)(name, () => {
    const labs: Lab[] = [];
    const spaces: Netns[] = [];
    let before: string[] = [];

    beforeAll(async () => {
      expect(await installAll()).toEqual([]);
      await (await Lab.open()).close(); // what is opened once stays open: libraries, libuv's own
      before = held();
    }, 400_000);

    afterEach(async () => {
      const faults: string[] = [];
      for (const lab of labs.splice(0)) faults.push(...(await lab.close()));
      for (const ns of spaces.splice(0)) await ns.close();
      expect(faults).toEqual([]);
    });

    afterAll(async () => {
      for (let i = 0; i < 200 && held().join() !== before.join(); i++) await sleep(50);
      expect(held()).toEqual(before);
    }, 20_000);

    body({
      async open(options) {
        const lab = await Lab.open(options);
        labs.push(lab);
        return lab;
      },
      async netns() {
        const ns = await Netns.open();
        spaces.push(ns);
        return ns;
      },
    });
  });
}

/** What this process holds of the machine: descriptors, interfaces, processes, and with them namespaces. */
function held(): string[] {
  const descriptors = readdirSync('/proc/self/fd')
    .map((fd) => kindOf(`/proc/self/fd/${fd}`))
    .filter((kind) => kind !== undefined && !/^\/(proc|dev\/null)/.test(kind));
  const interfaces = readdirSync('/sys/class/net').filter((name) => name.startsWith(PREFIX));
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  const countOf = (kind: string) => `${descriptors.filter((one) => one === kind).length} ${kind}`;
  return [...[...new Set(descriptors as string[])].sort().map(countOf), ...interfaces, ...children];
}

/** `socket`, `pipe`, `anon_inode:[eventfd]`, or a path. */
function kindOf(link: string): string | undefined {
  try {
    return readlinkSync(link).replace(/^(socket|pipe):.*/, '$1');
  } catch {
    return undefined; // that of the look itself
  }
}
