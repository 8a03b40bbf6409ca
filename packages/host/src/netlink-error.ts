/**
 * What the verbs (`addr`, `link`, `route`, `rule`, `neigh`) throw: the kernel's answer to a request it does not grant.
 * @module
 */

/** What `ip` prints for the errno it is answered. */
const TEXT: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({
  EACCES: 'Permission denied',
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

  /**
   * @param detail What was asked for, for people.
   * @param extack The kernel's own words (NLMSGERR_ATTR_MSG), which `ip` prints in place of the errno's; `''` = it has none.
   */
  constructor(code: string, detail: string, extack = '') {
    super(`${extack === '' ? `RTNETLINK answers: ${TEXT[code] ?? code}` : `Error: ${extack}.`} (${detail})`);
    this.code = code;
  }
}

/** Whether `error` is a {@link NetlinkError}, of that code where one is given. Tests the name and not the class. */
export function isNetlinkError(error: unknown, code?: string): error is NetlinkError {
  if (!(error instanceof Error) || error.name !== 'NetlinkError') return false;
  return code === undefined || (error as Partial<NetlinkError>).code === code;
}

/** @throws NetlinkError if `errno` is one. `extack`: the kernel's own words, by errno where they differ. */
export function refuse(
  errno: string | undefined,
  detail: string,
  extack: string | Readonly<Record<string, string>> = '',
): void {
  if (errno === undefined) return;
  throw new NetlinkError(errno, detail, typeof extack === 'string' ? extack : extack[errno]);
}
