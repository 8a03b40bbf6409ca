/**
 * How calls tell a tracer of themselves.
 * @module
 */
import type { Core } from './core.ts';
import type { Kernel } from './ports.ts';
import type { Syscall, SyscallTracer } from './trace.ts';

/** A call's own arguments: what {@link Syscall} has beyond what every call has. */
export type Arguments = Syscall extends infer Call
  ? Call extends Syscall
    ? Omit<Call, 'pid' | 'start' | 'end' | 'result' | 'errno'>
    : never
  : never;

/** A call that is traced. */
export class Traced {
  readonly call: Syscall;
  readonly tracer: SyscallTracer;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, pid: number, tracer: SyscallTracer, args: Arguments) {
    const start = kernel.now();
    this.#kernel = kernel;
    this.tracer = tracer;
    this.call = { pid, start, end: start, result: 0, errno: '', ...args } as Syscall;
    tracer.enter?.(this.call);
  }

  /** The call ends: with a value, or with an errno. `told` is what it fills in. */
  end(result: number | string, told?: Partial<Syscall>): void {
    Object.assign(this.call, told);
    this.call.end = this.#kernel.now();
    this.call.result = typeof result === 'string' ? -1 : result;
    this.call.errno = typeof result === 'string' ? result : '';
    this.tracer.exit?.(this.call);
  }
}

/** Begins a call; `undefined` where nobody traces. The arguments are not made for nobody. */
export function begin(core: Core, args: (tracer: SyscallTracer) => Arguments): Traced | undefined {
  const { tracer } = core.kernel;
  return tracer === undefined ? undefined : new Traced(core.kernel, core.pid, tracer, args(tracer));
}
