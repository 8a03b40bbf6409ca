/**
 * The tasks where the kernel talks to itself over a veth: what ours is compared with.
 * @module
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { CHUNK, checkCount } from '../streams/peers.ts';
import type { StreamSample } from '../streams/streams.ts';
import { KernelPeer, type PeerOrder } from './kernel-peer.ts';
import { closeVethLink, KERNEL, openVethLink, type VethLink } from './links.ts';
import type { TapTask } from './taps.ts';

const PORT = 5001;

/** The program that ours talks to, in both namespaces. */
export class Kernels {
  readonly #link: VethLink;
  readonly #server: KernelPeer;
  readonly #client: KernelPeer;

  private constructor(link: VethLink, program: string) {
    this.#link = link;
    this.#server = KernelPeer.start(link.server, program);
    this.#client = KernelPeer.start(link.client, program);
  }

  static async open(offloads: boolean, program: string): Promise<Kernels> {
    const kernels = new Kernels(await openVethLink(offloads), program);
    await kernels.#server.do({ do: 'listen', port: PORT });
    return kernels;
  }

  /** Does a task with so many bytes, round trips or connections. @throws Error where a byte is missing. */
  async run(task: TapTask, count: number): Promise<void> {
    const to = { address: KERNEL, port: PORT };
    const [serve, order] = ((): [PeerOrder, PeerOrder] => {
      switch (task) {
        case 'in':
        case 'out':
          return [{ do: 'sink' }, { do: 'send', ...to, bytes: count }];
        case 'request':
        case 'request out':
          return [
            { do: 'echo', connections: 1 },
            { do: 'request', ...to, count },
          ];
        case 'connect':
        case 'connect out':
          return [
            { do: 'echo', connections: count },
            { do: 'connect', ...to, count },
          ];
      }
    })();
    const [{ bytes }] = await Promise.all([this.#server.do(serve), this.#client.do(order)]);
    checkCount(bytes, order.do === 'send' ? Math.ceil(count / CHUNK) * CHUNK : count);
  }

  /** CPU time of both, µs. */
  async cpu(): Promise<number> {
    return (await this.#server.cpu()) + (await this.#client.cpu());
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#client.close();
    await closeVethLink(this.#link);
  }
}

/** What iperf3 tells at its end, as far as it is read. */
interface IperfReport {
  error?: string;
  end: {
    sum_received: { bytes: number; seconds: number };
    cpu_utilization_percent: { host_total: number; remote_total: number };
  };
}

/** iperf3 over a veth, one connection, cubic. */
export async function sampleIperf(offloads: boolean, bytes: number): Promise<StreamSample> {
  const link = await openVethLink(offloads);
  const server = link.server.spawn('iperf3', ['-s', '-1', '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(server.stdout as NonNullable<typeof server.stdout>, 'data');
    server.stdout?.resume();
    const args = ['-c', KERNEL, '-C', 'cubic', '-n', String(bytes), '-J'];
    const enter = ['--net', '--target', String(link.client.pid), '--', 'iperf3', ...args];
    const { stdout } = await promisify(execFile)('nsenter', enter, { maxBuffer: 2 ** 26 });
    const { error, end } = JSON.parse(stdout) as IperfReport;
    if (error !== undefined) throw new Error(`iperf3: ${error}`);
    const { seconds, bytes: count } = end.sum_received;
    const { host_total, remote_total } = end.cpu_utilization_percent;
    return { count, seconds, cpuSeconds: ((host_total + remote_total) / 100) * seconds };
  } finally {
    await closeVethLink(link);
  }
}
