import { parseAddress } from '@stack/ipv4';
import { AF_INET, SOCK_DGRAM } from '@stack/socket';
import { expect, it } from 'vitest';
import { DEV, KERNEL, type Lab, OURS } from './support/lab.ts';
import { output, run, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MAC = '02:00:00:00:01:00';

interop('ARP', ({ open }) => {
  it('of arping is answered, as often as it asks', async () => {
    const { ns } = await open();
    const text = await output(ns, 'arping', ['-c', '3', '-I', DEV, OURS]);
    expect(text).toContain('Received 3 response(s)');
    expect(text.toLowerCase()).toContain(`unicast reply from ${OURS} [${MAC}]`);
  });

  it('of arping that looks for a duplicate finds us, and nobody at a free address', async () => {
    const { ns } = await open();
    const taken = await run(ns, 'arping', ['-D', '-c', '2', '-w', '10', '-I', DEV, OURS]);
    expect(taken.status).toBe(1);
    expect(taken.stdout).toContain('Received 1 response(s)');
    const free = await run(ns, 'arping', ['-D', '-c', '2', '-I', DEV, '10.0.0.77']);
    expect(free.status).toBe(0);
    expect(free.stdout).toContain('Received 0 response(s)');
  });

  it('is asked by us before the first packet, and the kernel learns from it', async () => {
    const { ns, host } = await open();
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    await socket.sendto('x', { address: KERNEL, port: 9 });
    const mac = /link\/ether (\S+)/.exec(ns.run('ip', '-o', 'link', 'show', DEV))?.[1];
    await expect
      .poll(() => host.neigh.format().join('\n'), { timeout: 20_000 })
      .toContain(`${KERNEL} dev tap0 lladdr ${mac} REACHABLE`);
    expect(ns.run('ip', 'neigh', 'show', OURS)).toContain(`lladdr ${MAC}`);
    await socket.close();
  });

  it('probes of ours are seen and answered by the kernel, and an announcement is believed', async () => {
    const lab = await open({ kernelSysctl: { 'net.ipv4.conf.all.arp_accept': '1' } });
    const { ns, host, clock } = lab;
    const dump = start(ns, 'tcpdump', ['-lni', DEV, 'arp']);
    await dump.printed(/listening on/);
    const [taken, free] = await Promise.all([probe(lab, KERNEL), probe(lab, '10.0.0.77')]);
    expect(taken).toBe('conflict');
    expect(free).toBe('free');
    await dump.printed(/Request who-has 10\.0\.0\.1 (\(ff:ff:ff:ff:ff:ff\) )?tell 0\.0\.0\.0/);
    await dump.printed(/Request who-has 10\.0\.0\.77 (\(ff:ff:ff:ff:ff:ff\) )?tell 0\.0\.0\.0/);
    host.arp.announce(clock.now(), host.devices.get('tap0'), parseAddress('10.0.0.77'));
    await dump.printed(/(Request|Announcement).* 10\.0\.0\.77/);
    await expect.poll(() => ns.run('ip', 'neigh', 'show', '10.0.0.77'), { timeout: 20_000 }).toContain(MAC);
    dump.kill();
    await dump.ended;
  });
});

/** RFC 5227 §2.1: takes some seconds where nobody answers. */
function probe({ host, clock }: Lab, address: string): Promise<'free' | 'conflict'> {
  return new Promise((resolve) => {
    host.arp.probeAddress(clock.now(), host.devices.get('tap0'), parseAddress(address), (_, result) =>
      resolve(result),
    );
  });
}
