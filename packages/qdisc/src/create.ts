/**
 * Disciplines by name, as `tc qdisc add` makes them.
 * @module
 */
import { Bfifo, type FifoOptions, Pfifo } from './fifo.ts';
import { Fq } from './fq/fq.ts';
import type { FqOptions } from './fq/options.ts';
import { Netem } from './netem/netem.ts';
import type { NetemOptions } from './netem/options.ts';
import { Noqueue } from './noqueue.ts';
import { known } from './options.ts';
import { PfifoFast } from './pfifo-fast.ts';
import type { QdiscPorts } from './ports.ts';
import type { Qdisc } from './qdisc.ts';
import { Tbf, type TbfOptions } from './tbf.ts';

/** The options of each kind. */
export interface QdiscOptions {
  noqueue: Record<string, never>;
  pfifo_fast: Record<string, never>;
  pfifo: FifoOptions;
  bfifo: FifoOptions;
  fq: FqOptions;
  netem: NetemOptions;
  tbf: TbfOptions;
}

/** The kinds there are. */
export type QdiscKind = keyof QdiscOptions;

const MAKERS: { readonly [K in QdiscKind]: (ports: QdiscPorts, options: QdiscOptions[K]) => Qdisc } = {
  noqueue: (ports, options) => {
    known('noqueue', options, []);
    return new Noqueue(ports);
  },
  pfifo_fast: (ports, options) => {
    known('pfifo_fast', options, []);
    return new PfifoFast(ports);
  },
  pfifo: (ports, options) => new Pfifo(ports, options),
  bfifo: (ports, options) => new Bfifo(ports, options),
  fq: (ports, options) => new Fq(ports, options),
  netem: (ports, options) => new Netem(ports, options),
  tbf: (ports, options) => new Tbf(ports, options),
};

/** Makes a discipline. @throws RangeError for a kind that is none, or an option that is none or out of its range; TypeError for one that is missing. */
export function createQdisc<K extends QdiscKind>(
  kind: K,
  ports: QdiscPorts,
  options: QdiscOptions[K] = {} as QdiscOptions[K],
): Qdisc {
  if (!Object.hasOwn(MAKERS, kind)) throw new RangeError(`qdisc: no kind ${JSON.stringify(kind)}`);
  return MAKERS[kind](ports, options);
}
