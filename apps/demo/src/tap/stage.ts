/**
 * Everybody who watches a place: narrators, counters, a capture.
 * @module
 */
import { type LinkStats, since } from '@stack/host';
import type { Syscall } from '@stack/socket';
import type { Capture } from '../capture.ts';
import { Ears, FirstData, type Scene, SocketsSeen } from '../scene.ts';
import { SegmentLines } from '../segment-lines.ts';
import type { Teller } from '../story.ts';
import { tellNeighbours } from '../tell/arp.ts';
import { tellAscent } from '../tell/ascent.ts';
import { tellBuffer } from '../tell/buffer.ts';
import { tellCallSteps } from '../tell/call-steps.ts';
import { tellCalls } from '../tell/calls.ts';
import { tellDescent } from '../tell/descent.ts';
import { tellHandshake } from '../tell/handshake.ts';
import { tellRecovery } from '../tell/recovery.ts';
import { tellStates } from '../tell/states.ts';
import { kernelLink, kernelNstat } from './kernel-side.ts';
import { KERNEL, type Place } from './place.ts';
import { TAP_DRIVER } from './tap-driver.ts';
import { tellCrossings, tellRead, tellWrite, watchTap } from './tell-tap.ts';

/** Groups of /proc/net/snmp and netstat, which is what nstat prints. */
const NSTAT = /^(Ip|Icmp|Tcp|Udp)/;
/** Packets that somebody summed, and found wrong. */
const CHECKSUM_ERRORS = [
  'IpInHdrErrors',
  'IpExtInCsumErrors',
  'IcmpInCsumErrors',
  'TcpInCsumErrors',
  'UdpInCsumErrors',
];

/** Told of the program's system calls. */
export interface Calls {
  enter(call: Syscall): void;
  exit(call: Syscall): void;
}

/** Who is to watch. */
export interface StageOptions {
  tell: Teller;
  /** Tell the story, or nothing but what `calls` and `capture` are for. */
  story: boolean;
  /** How many frames are told one by one; then those that open and close connections. */
  frames: number;
  /** Bytes that our program sends; `undefined` = nobody knows. */
  total: number | undefined;
  calls: Calls | undefined;
  capture: Capture | undefined;
}

/** Counters of both sides; ours by the name of our host in the story. */
export interface BothSides {
  /** `nstat`: what moved on either side. */
  nstat: Record<string, Record<string, number>>;
  links: Record<string, Partial<LinkStats>>;
  /** Packets dropped by our host, by reason. */
  drops: Readonly<Record<string, number>>;
  /** Packets with a checksum that was wrong, by side. */
  checksumErrors: Record<string, number>;
}

/** The watchers of one run. */
export class Stage {
  readonly sockets: SocketsSeen;
  readonly #ears = new Ears();
  readonly #place: Place;
  readonly #ours: Record<string, number>;
  readonly #kernels: Record<string, number>;

  constructor(place: Place, options: StageOptions) {
    const { tell, story, frames, total, calls, capture } = options;
    const ears = this.#ears;
    this.#place = place;
    this.#ours = place.host.nstat();
    this.#kernels = kernelNstat(place.netns.pid);
    this.sockets = new SocketsSeen(place, ears);
    const scene: Scene = {
      network: place,
      tell,
      lines: new SegmentLines(),
      sockets: this.sockets,
      first: new FirstData(place, ears),
      driver: TAP_DRIVER,
      total: total ?? 0,
      zerocopy: false,
      everyFrame: frames > 0,
    };
    if (calls !== undefined) ears.join(place.station.callListeners, calls);
    if (capture !== undefined) {
      const epoch = Date.now() * 1000 - place.clock.update();
      watchTap(place, ears, ({ time, bytes }) => capture.add(bytes, epoch + time));
    }
    if (story) tellAll(scene, place, ears, options);
    else if (frames > 0) tellCrossings(scene, place, ears, frames);
  }

  /** What was counted since the beginning. */
  read(): BothSides {
    const { host, netns, tap, station } = this.#place;
    const ours = since(this.#ours, host.nstat());
    const kernels = since(this.#kernels, kernelNstat(netns.pid));
    const names = [...new Set([...Object.keys(host.nstat()), ...Object.keys(kernels)])].filter(
      (name) => NSTAT.test(name) && (ours[name] !== undefined || kernels[name] !== undefined),
    );
    const pick = (counters: Record<string, number>): Record<string, number> =>
      Object.fromEntries(names.map((name) => [name, counters[name] ?? 0]));
    const wrong = (counters: Record<string, number>): number =>
      CHECKSUM_ERRORS.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
    return {
      nstat: { [station.name]: pick(ours), kernel: pick(kernels) },
      links: {
        [station.name]: Object.fromEntries(Object.entries(tap.stats).filter(([, value]) => value !== 0)),
        kernel: kernelLink(netns.pid, tap.kernelName),
      },
      drops: host.drops,
      checksumErrors: { [station.name]: wrong(ours), kernel: wrong(kernels) },
    };
  }

  /** Watches no more. */
  close(): void {
    this.#ears.close();
  }
}

function tellAll(scene: Scene, place: Place, ears: Ears, { total, frames }: StageOptions): void {
  const { client, server, target } = place;
  const answer = new FirstData(place, ears, 'server');
  const down = client === undefined ? answer : scene.first;
  const up = client === undefined ? scene.first : answer;
  tellCallSteps(scene, ears);
  tellCalls(scene, ears);
  tellNeighbours(scene, ears);
  tellHandshake(scene, ears);
  tellStates(scene, ears);
  tellBuffer(scene, ears);
  tellDescent(scene, ears, {
    station: place.station,
    first: down,
    total,
    peer: () => (server === undefined ? target.address : KERNEL),
  });
  tellWrite(scene, place, ears, down);
  tellRead(scene, place, ears, up);
  tellCrossings(scene, place, ears, frames);
  tellAscent(scene, ears, place.station, up);
  tellRecovery(scene, ears);
}
