/**
 * What the verbs (`addr`, `link`, `route`, `rule`, `neigh`) throw: the kernel's answer to a request it does not grant.
 * @module
 */

/** What `ip` prints for the errno it is answered. */
const TEXT: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENOBUFS: 'No buffer space available',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  EOPNOTSUPP: 'Operation not supported',
  ESRCH: 'No such process',
});

/** A request that was refused; nothing changed. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  /** Such as `EEXIST`. */
  readonly code: string;

  /** @param detail What was asked for, for people. */
  constructor(code: string, detail: string) {
    super(`RTNETLINK answers: ${TEXT[code] ?? code} (${detail})`);
    this.code = code;
  }
}

/** Whether `error` is a {@link NetlinkError}, of that code where one is given. Tests the name and not the class. */
export function isNetlinkError(error: unknown, code?: string): error is NetlinkError {
  if (!(error instanceof Error) || error.name !== 'NetlinkError') return false;
  return code === undefined || (error as Partial<NetlinkError>).code === code;
}

/** @throws NetlinkError if `errno` is one. */
export function refuse(errno: string | undefined, detail: string): void {
  if (errno !== undefined) throw new NetlinkError(errno, detail);
}
